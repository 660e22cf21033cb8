"""A served Somata with a few people and recordings, for tests in a real browser."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.actions import accounts, browsing, importing, jobs, judging, training
from app.actions.context import Context, make_context
from app.domain.accounts import Account, Role
from app.domain.recordings import ImportedLabels, Recording
from app.main import create_app
from app.settings import Settings
from app.storage import migrate
from app.storage.components import Filters

PASSWORD = "correct horse battery"


def recording(
    name: str = "Field A", components: int = 30, labels: Sequence[int] | None = None, seed: int = 0
) -> Recording:
    """A small recording of discs, of the labels given if any (0 for none)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:50, :50] - 25.0
    radii = rng.uniform(3, 10, components)[:, None, None]
    masks = np.clip(radii - np.hypot(y, x)[None], 0, 1).astype(np.float32)
    given = (
        ()
        if labels is None
        else (ImportedLabels("sorted by hand", np.array(labels, dtype=np.int8)),)
    )
    return Recording(
        name=name,
        source_format="arrays",
        masks=masks,
        centroids_px=rng.uniform(0, 200, (components, 2)).astype(np.float32),
        source_indices=np.arange(components, dtype=np.int64),
        traces=rng.normal(size=(components, 400)).astype(np.float32),
        frame_rate_hz=10.0,
        field_shape_px=(200, 200),
        summary_images={"mean": rng.uniform(size=(200, 200)).astype(np.float32)},
        imported_labels=given,
    )


class Site:
    """The server's address, and what a test may put into its database."""

    def __init__(self, context: Context, address: str) -> None:
        self.context = context
        self.address = address
        self.alice = self.person("alice", Role.ADMIN)

    def person(self, name: str, role: Role = Role.LABELER) -> Account:
        """Somebody who has chosen a password."""
        secret = accounts.add_person(self.context, name, role)
        return accounts.accept_invite(self.context, secret, name, PASSWORD)[0]

    def store(self, one: Recording) -> int:
        """Import a recording; returns its key."""
        return importing.store(self.context, None, [one], source="test")[0].recording_id

    def components(self) -> list[int]:
        """Every component's key."""
        found, _ = browsing.list_components(self.context, self.alice, Filters(), "id", None, 5000)
        return [one.id for one in found]

    def answers(self, component: int) -> list[tuple[str, int]]:
        """Who labeled it what, in order; what was taken back is left out."""
        history = browsing.history(self.context, self.alice, component)
        return [
            (one.labeler, one.label)
            for one in history
            if one.label is not None and one.person and not one.undone
        ]

    def all_answers(self) -> dict[int, list[int]]:
        """The labels that people gave, by component."""
        found = {key: [label for _, label in self.answers(key)] for key in self.components()}
        return {key: labels for key, labels in found.items() if labels}

    def trained(self, predicted: int = 1, sure: float = 0.85) -> int:
        """A run that has given every component the same opinion, without training anything."""
        run = training.request_run(self.context, self.alice)
        job = jobs.claim(self.context, "slow")
        assert job is not None
        snapshot = training.take_snapshot(self.context, run.id)
        labels = dict(zip(snapshot.component_ids.tolist(), snapshot.labels.tolist(), strict=True))
        chances = [sure if code == predicted else (1 - sure) / 3 for code in (1, 2, 3, 4)]
        entropy = float(-np.sum(np.array(chances) * np.log(chances)))
        rows = [
            opinion(run.id, key, chances, entropy, labels.get(key)) for key in self.components()
        ]
        judging.store_predictions(self.context, rows)
        training.record_result(self.context, run.id, weights=b"made up")
        judging.show_predictions(self.context, run.id)
        jobs.finish(self.context, job, "succeeded")
        return run.id


def opinion(
    run: int, component: int, chances: Sequence[float], entropy: float, label: int | None
) -> dict[str, Any]:
    """A row of the predictions' table."""
    probabilities = {f"p{code}": chances[code - 1] for code in (1, 2, 3, 4)}
    quality = None if label is None else float(-np.log(chances[label - 1])) - entropy
    return {
        "run_id": run,
        "component_id": component,
        **probabilities,
        "entropy": entropy,
        "quality": quality,
        "chance_wrong": None if label is None else 1 - chances[label - 1],
        "fold": None if label is None else 0,
        "out_of_fold": label is not None,
        "trained_label": label,
    }


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """A server on a free port, without a worker, until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    settings = Settings(data_dir=folder, port=listening.getsockname()[1], _env_file=None)
    context = make_context(settings)
    migrate.upgrade(context.database)
    config = uvicorn.Config(
        create_app(settings, context),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield Site(context, f"http://127.0.0.1:{settings.port}")
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


class Visit:
    """One person's browser window on a site. Collects what the page complains about."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self.complaints: list[str] = []
        self.window: BrowserContext = browser.new_context(
            base_url=address, viewport={"width": 1280, "height": 800}, **options
        )
        self.page: Page = self.window.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self._note(message.type, message.text))

    def _note(self, kind: str, text: str) -> None:
        # A request that fails is the browser's own report, and often what a test wants.
        if kind == "error" and "Failed to load resource" not in text:
            self.complaints.append(text)

    def sign_in(self, name: str) -> "Visit":
        """Be signed in, without walking through the page."""
        form: dict[str, str | float | bool] = {"name": name, "password": PASSWORD}
        answer = self.window.request.post("/sign-in", form=form, max_redirects=0)
        assert answer.status == 303, answer.text()
        return self


class Desk:
    """The desk as a labeler uses it: by keys."""

    def __init__(self, page: Page, path: str = "/label") -> None:
        self.page = page
        page.goto(path)

    def component(self) -> int:
        """The component on screen, once it is drawn."""
        work = self.page.locator("[data-work][data-component]:not([data-component=''])")
        work.wait_for(state="visible")
        return int(work.get_attribute("data-component") or 0)

    def press(self, key: str) -> int:
        """Press a key on what is on screen; returns that component."""
        shown = self.component()
        self.page.keyboard.press(key)
        return shown

    def all_saved(self) -> None:
        """Wait until the server has acknowledged everything."""
        expect(self.page.locator("[data-saved]")).to_have_text("all saved")
