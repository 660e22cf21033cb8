"""The worker process: huey's consumer around `Worker`."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from types import FrameType

import structlog

from app.actions.context import Context, make_context
from app.actions.jobs import LANES
from app.settings import Settings
from app.storage.tasks import TaskQueue
from app.worker.demo import load_demo_job
from app.worker.embed import embed
from app.worker.export import export
from app.worker.machine import threads
from app.worker.refit import Refitter
from app.worker.score import predict, serve
from app.worker.train import train
from app.worker.tune import assist, tune
from app.worker.work import Handler, Worker
from classifier.training import configure_threads

log = structlog.get_logger()

HANDLERS: Mapping[str, Handler] = {
    "train": train,
    "demo": load_demo_job,
    "score": serve,
    "promote": serve,
    "export": export,
    "predict": predict,
    "refit": Refitter(),
    "embed": embed,
    "tune": tune,
    "assist": assist,
}


def run_worker(settings: Settings, *, until_stdin_closes: bool = False) -> None:
    """Work until SIGTERM or SIGINT. A job under way goes back into the queue.

    until_stdin_closes: also stop when whoever started this process is gone, however it died.
    """
    # The web server's answers come first; training takes what is left.
    os.nice(settings.worker_niceness)
    logging.getLogger("huey").setLevel(logging.WARNING)
    configure_threads(threads(settings))
    context = make_context(settings)
    worker = Worker(context, HANDLERS)
    consumer = queue_of(context).consumer(worker.work, threads=len(set(LANES.values())))
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    if until_stdin_closes:
        threading.Thread(target=wait_for_eof, args=(stop,), daemon=True).start()
    consumer.start()
    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    threading.Thread(target=worker.look_around, daemon=True).start()
    worker.announce()
    log.info("worker ready", name=worker.name)
    stop.wait()
    worker.stopping.set()
    consumer.stop(graceful=True)
    worker.leave()
    context.database.dispose()


def queue_of(context: Context) -> TaskQueue:
    """The real queue of a context, which a worker needs."""
    if not isinstance(context.tasks, TaskQueue):
        raise TypeError("a worker needs a real task queue")
    return context.tasks


def wait_for_eof(stop: threading.Event) -> None:
    """Set `stop` when standard input ends: its other side died with the parent."""
    while sys.stdin.buffer.read(1024):
        pass
    stop.set()
