"""The worker: takes jobs out of the table, one a lane at a time, and keeps them alive."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from app.actions import jobs, training, tuning
from app.actions.context import Context
from app.domain.errors import Cancelled
from app.storage.tables import Job
from app.worker.machine import worker_name

log = structlog.get_logger()

LOOK_AROUND_EVERY_S = 2.0
LOOK_AGAIN_SOON_S = 1.0
SHOW_PROGRESS_EVERY_S = 0.5

Handler = Callable[[Context, Job, "Pulse"], dict[str, Any]]
"""Does one kind of job; returns what is to be written on its row, e.g. `result_bytes`."""


class Stopping(Exception):
    """The worker is shutting down; the job goes back into the queue."""


class Pulse:
    """A job's sign of life, called often and written seldom. Raises where the job must stop."""

    def __init__(
        self,
        context: Context,
        job: Job,
        stopping: threading.Event,
        must_wait: Callable[[], bool] = lambda: False,
    ) -> None:
        self._context = context
        self._job = job
        self._stopping = stopping
        self._written_at = 0.0
        self.nearly_done = False
        self.must_wait = must_wait
        """Whether this worker has something more urgent to do with its cores."""

    def __call__(self, progress: Mapping[str, Any] | None = None) -> None:
        """Raises Cancelled, JobLost or Stopping."""
        if self._stopping.is_set():
            raise Stopping
        now = time.monotonic()
        if now - self._written_at < SHOW_PROGRESS_EVERY_S:
            return
        self._written_at = now
        jobs.beat(self._context, self._job, None if progress is None else dict(progress))

    def keep_alive(self) -> None:
        """A sign of life in a step that is not worth stopping any more. Raises JobLost."""
        self.nearly_done = True
        try:
            self()
        except (Cancelled, Stopping):
            log.info("job is nearly done and goes on", job=self._job.id)


class Worker:
    """Runs jobs for the lanes it is nudged about."""

    def __init__(self, context: Context, handlers: Mapping[str, Handler]) -> None:
        self.context = context
        self.handlers = handlers
        self.stopping = threading.Event()
        self.name = worker_name()
        self._current: dict[int, tuple[Job, Pulse]] = {}
        self._told_to_stop: set[int] = set()
        self._busy = {lane: threading.Lock() for lane in set(jobs.LANES.values())}

    def work(self, lane: str) -> None:
        """Do every job that waits in this lane, unless this worker is at it already.

        A nudge that comes while the lane is just being left is made up for by `look_around`.
        """
        if not self._busy[lane].acquire(blocking=False):
            return
        try:
            while not self.stopping.is_set():
                job = jobs.claim(self.context, lane)
                if job is None:
                    return
                self.run(job)
        finally:
            self._busy[lane].release()

    def run(self, job: Job) -> None:
        """Do one claimed job and write how it ended."""
        log.info("job starts", job=job.id, kind=job.kind, attempt=job.attempts)
        urgent = jobs.MORE_URGENT.get(jobs.LANES[job.kind], ("slow",))
        pulse = Pulse(
            self.context,
            job,
            self.stopping,
            lambda: any(self._busy[lane].locked() for lane in urgent),
        )
        self._current[job.id] = job, pulse
        try:
            values = self.handlers[job.kind](self.context, job, pulse)
        except Stopping:
            jobs.give_back(self.context, job)
            log.info("job goes back into the queue", job=job.id)
        except jobs.JobLost as error:
            log.warning("job lost", job=job.id, error=str(error))
        except Cancelled as error:
            jobs.finish(self.context, job, "cancelled", error=str(error))
            log.info("job cancelled", job=job.id)
        except Exception as error:
            # Whatever a job dies of belongs on its page, not only in the log.
            log.exception("job failed", job=job.id)
            jobs.finish(self.context, job, "failed", error=reason(error))
        else:
            ended = jobs.finish(self.context, job, "succeeded", **values)
            log.info("job succeeded" if ended else "job ended, but was taken away", job=job.id)
        finally:
            self._current.pop(job.id, None)
            self._told_to_stop.discard(job.id)

    def look_around(self) -> None:
        """At once and every few seconds: show life, free the dead's jobs, make up lost nudges."""
        while not self.stopping.is_set():
            try:
                self._look_around_once()
            except Exception:
                # The database may be away for a while; a worker outlives that.
                log.exception("looking around failed")
            self.stopping.wait(LOOK_AGAIN_SOON_S if self._told_to_stop else LOOK_AROUND_EVERY_S)

    def leave(self) -> None:
        """Say that this worker lives no longer."""
        jobs.leave(self.context, self.name)

    def announce(self) -> None:
        """Show that this worker lives."""
        jobs.show_worker(self.context, self.name)

    def beat_for_long_steps(self) -> None:
        """Keep alive what this worker is at: some steps take longer than a job may be silent."""
        for job, pulse in list(self._current.values()):
            try:
                jobs.beat(self.context, job)
            except jobs.JobLost:
                # The job's own next pulse meets the same and stops it there.
                log.info("job is lost", job=job.id)
            except Cancelled as error:
                if job.id in self._told_to_stop and not pulse.nearly_done:
                    # One step of the deepest networks takes many seconds. Nobody waits for it to
                    # end; the job's next pulse tells it that it has lost the job.
                    jobs.finish(self.context, job, "cancelled", error=str(error))
                self._told_to_stop.add(job.id)

    def _look_around_once(self) -> None:
        self.announce()
        self.beat_for_long_steps()
        for sentence in jobs.sweep(self.context):
            log.warning(sentence)
        training.retrain_if_due(self.context)
        if not self._busy["spare"].locked():
            tuning.offer_seat(self.context)
        for lane in jobs.lanes_with_work(self.context):
            if not self._busy[lane].locked():
                self.context.tasks.nudge(lane)


def reason(error: Exception) -> str:
    """What a person reads of a failure."""
    text = str(error).strip() or type(error).__name__
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"
