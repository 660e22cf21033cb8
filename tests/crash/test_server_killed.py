"""Nothing acknowledged is lost: the server is killed again and again while labels come in."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from app.actions import importing
from app.actions.context import Context
from app.domain.accounts import Role
from app.domain.events import current_label
from app.storage import events
from app.storage.tables import ComponentState
from tests.support.recordings import small_recording
from tests.support.server import ADDRESS, Server, clean_environment

LABELS = "/api/v1/labels"
COMPONENTS = 200
CLIENTS = 4
KILLS = 20


@dataclass
class Killable:
    """The server of the moment. `base_url` is empty while there is none."""

    server: Server
    zygote: subprocess.Popen[str]
    base_url: str = ""
    pid: int = 0
    starts: int = 0

    def start(self) -> None:
        """Fork a server and wait for its address."""
        assert self.zygote.stdin is not None
        assert self.zygote.stdout is not None
        self.starts += 1
        said = self.server.data_dir / f"said-{self.starts}"
        self.zygote.stdin.write(f"{said}\n")
        self.zygote.stdin.flush()
        self.pid = int(self.zygote.stdout.readline())
        give_up_at = time.monotonic() + 30
        while not (said.exists() and (found := ADDRESS.search(said.read_text()))):
            assert time.monotonic() < give_up_at, "the server did not come back"
            time.sleep(0.01)
        self.base_url = found[1]

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        self.base_url = ""
        os.kill(self.pid, signal.SIGKILL)
        while is_alive(self.pid):
            time.sleep(0.002)


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Killable]:
    """A data folder with a recording in it, and a server that starts in a moment."""
    server = Server(tmp_path / "data")
    importing.store(server.context, None, [small_recording(COMPONENTS)], source="test")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.zygote"],
        env=clean_environment(server.data_dir, port=0, log_level="ERROR"),
        cwd=server.data_dir,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as zygote:
        made = Killable(server, zygote)
        yield made
        if made.pid and is_alive(made.pid):
            os.kill(made.pid, signal.SIGKILL)
        server.close()


@dataclass
class Labeler:
    """A client that posts answers without a pause, and posts again what was not acknowledged."""

    killable: Killable
    token: str
    seed: int
    stop: threading.Event
    acknowledged: dict[str, tuple[int, int]] = field(default_factory=dict)
    retried: int = 0
    problems: list[str] = field(default_factory=list)

    def work(self) -> None:
        """Until `stop`, and until the last answer is acknowledged."""
        choose = random.Random(self.seed)
        pending: list[dict[str, object]] = []
        while pending or not self.stop.is_set():
            if not pending:
                pending = [
                    {
                        "id": str(uuid4()),
                        "component": choose.randint(1, COMPONENTS),
                        "label": choose.randint(1, 4),
                    }
                    for _ in range(choose.choice([1, 1, 1, 20]))
                ]
            if self.post(pending):
                pending = []
            else:
                self.retried += 1
                time.sleep(0.01)

    def post(self, labels: list[dict[str, object]]) -> bool:
        """Whether the server acknowledged them."""
        base_url = self.killable.base_url
        if not base_url:
            return False
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            answer = httpx.post(
                base_url + LABELS,
                json={"labels": labels},
                headers=headers,
                timeout=20,
                trust_env=False,
            )
        except httpx.TransportError:
            return False
        if answer.status_code != 200:
            self.problems.append(answer.text)
            return True
        for item, sent in zip(answer.json()["items"], labels, strict=True):
            if item["status"] not in ("saved", "duplicate"):
                self.problems.append(str(item))
            self.acknowledged[item["id"]] = (int(str(sent["component"])), int(str(sent["label"])))
        return True


def stored_events(context: Context) -> dict[str, list[tuple[int, int | None]]]:
    """Component and label of every event in the log, by the event's uuid."""
    found: dict[str, list[tuple[int, int | None]]] = {}
    with context.database.read() as session:
        for row in events.full_log(session, 0, 10_000_000):
            found.setdefault(str(row.uuid), []).append((row.component_id, row.label))
    return found


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_every_acknowledged_label_is_there_once_after_twenty_kills(killable: Killable) -> None:
    token = killable.server.token(Role.LABELER)
    stop = threading.Event()
    labelers = [Labeler(killable, token, seed, stop) for seed in range(CLIENTS)]
    threads = [threading.Thread(target=one.work) for one in labelers]
    killable.start()
    for thread in threads:
        thread.start()
    moment = random.Random(20_261_122)
    for _ in range(KILLS):
        time.sleep(moment.uniform(0.0, 0.6))
        killable.kill()
        killable.start()
    time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()

    stored = stored_events(killable.server.context)
    acknowledged = {key: what for one in labelers for key, what in one.acknowledged.items()}
    assert [one.problems for one in labelers] == [[]] * CLIENTS
    assert {key: found for key, found in stored.items() if len(found) > 1} == {}, "stored twice"
    assert {key: stored.get(key) for key in acknowledged} == {
        key: [what] for key, what in acknowledged.items()
    }
    # Every unacknowledged post was sent again until it was acknowledged, so nothing else is there.
    assert stored.keys() == acknowledged.keys()
    assert len(acknowledged) > KILLS, "too few labels to show anything"
    assert sum(one.retried for one in labelers) > 0, "no kill ever met a post"
    check_states(killable.server.context)


def check_states(context: Context) -> None:
    """What the cache of current labels says is what follows from the events."""
    with context.database.read() as session:
        logs = events.of_components(session, list(range(1, COMPONENTS + 1)))
        for component, log in logs.items():
            state = session.get(ComponentState, component)
            assert state is not None
            assert (state.label, state.people) == (
                current_label(log).label,
                current_label(log).people,
            )
