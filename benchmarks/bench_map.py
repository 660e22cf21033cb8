"""How long the map takes to make, and how smoothly it is panned.

    python -m benchmarks.bench_map             10,000 and 100,000 components (about ten minutes)
    python -m benchmarks.bench_map --quick     300 components
    python -m benchmarks.bench_map --publish   and write docs/benchmarks.md

Simulated components and copies of them with other noise, seen by an untrained ensemble of the
default shape (five networks: training changes what they see, not how long they look). The page is
drawn by headless Chromium without a graphics card, so by the page itself, on the processor.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import uvicorn
from playwright.sync_api import Page, sync_playwright

from app.actions import accounts, embedding, importing, jobs, training
from app.actions.context import Context, make_context
from app.domain.accounts import Role
from app.domain.recordings import Recording
from app.main import create_app
from app.settings import Settings
from app.storage import migrate
from benchmarks.report import machine, publish, table
from classifier.calibration import Calibration
from classifier.config import TrainingConfig
from classifier.ensemble import Ensemble
from classifier.examples import make_examples
from classifier.inputs import Components
from classifier.measures import measure
from classifier.plane import find_basis, lay_out, see
from classifier.simulate import SimulationConfig, simulate_recording
from classifier.training import new_model
from tests.support.chromium import ARGUMENTS, find_chromium

PASSWORD = "correct horse battery"  # noqa: S105 - of a server that lives for minutes
AT_ONCE = 500


@dataclass(frozen=True)
class Size:
    """How much is measured. looked_at: components that the networks look at; the time a component
    of more does not depend on how many there are.
    """

    components: tuple[int, ...]
    looked_at: int
    frames: int


FULL = Size((10_000, 100_000), 2_000, 120)
QUICK = Size((300,), 60, 5)

PAN = """async (frames) => {
  const canvas = document.querySelector("[data-points-canvas]");
  const at = (kind, x, y) => canvas.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, bubbles: true, clientX: x, clientY: y, button: 0 }));
  canvas.setPointerCapture = () => {};
  const next = () => new Promise(requestAnimationFrame);
  at("pointerdown", 600, 400);
  const times = [];
  let began = await next();
  for (let n = 0; n < frames; n++) {
    at("pointermove", 600 + 200 * Math.sin(n / 9), 400 + 100 * Math.cos(n / 7));
    // From frame to frame: a picture that takes too long delays the next one.
    const frame = await next();
    times.push(frame - began);
    began = frame;
  }
  at("pointercancel", 600, 400);
  return times;
}"""


@dataclass(frozen=True)
class Made:
    """Seconds to look at so many components, to lay them out, and the vectors' places."""

    look_s: float
    lay_out_s: float
    places: np.ndarray


def untrained(some: Components) -> Ensemble:
    """Five networks of the default shape that have learned nothing but the measures' ranks."""
    config = TrainingConfig()
    examples = make_examples(some, config)
    models = []
    for seed in range(config.folds):
        model = new_model(config, seed)
        model.settle(examples.numbers)
        models.append(model.state_dict())
    return Ensemble(config, tuple(models), Calibration(), (1, 2, 3, 4), {})


def simulated(count: int) -> Components:
    """Components of the project's simulator, measured."""
    one = simulate_recording(SimulationConfig(components=count), 1)
    loose = Components(masks=one.masks, traces=list(one.traces))
    return Components(masks=one.masks, measures=measure(loose))


def make(count: int, some: Components, ensemble: Ensemble) -> Made:
    """Look at some, as the worker does, then lay out so many: those, and copies with noise."""
    basis = find_basis(ensemble.embed(some))
    began = time.perf_counter()
    parts = []
    for start in range(0, len(some), AT_ONCE):
        rows = np.arange(start, min(start + AT_ONCE, len(some)))
        parts.append(see(ensemble, some.take(rows), basis))
    look_s = (time.perf_counter() - began) * count / len(some)
    seen = np.concatenate(parts).astype(np.float32)
    rng = np.random.default_rng(0)
    vectors = seen[rng.integers(0, len(seen), count)]
    noise = rng.normal(scale=0.3 * seen.std(axis=0), size=vectors.shape)
    began = time.perf_counter()
    places = lay_out((vectors + noise).astype(np.float16), lambda _share: None)
    return Made(look_s, time.perf_counter() - began, places)


def fill(context: Context, places: np.ndarray) -> None:
    """A lab with an admin, so many tiny components and their map."""
    migrate.upgrade(context.database)
    secret = accounts.add_person(context, "alice", Role.ADMIN)
    alice, _ = accounts.accept_invite(context, secret, "alice", PASSWORD)
    masks = np.zeros((len(places), 50, 50), np.float32)
    masks[:, 25, 25] = np.arange(1, len(places) + 1)
    recording = Recording(
        name="simulated",
        source_format="arrays",
        masks=masks,
        centroids_px=np.full((len(places), 2), 25, np.float32),
        source_indices=np.arange(len(places), dtype=np.int64),
        field_shape_px=(50, 50),
    )
    importing.store(context, None, [recording], source="benchmark")
    run = training.request_run(context, alice)
    while (job := jobs.claim(context, "slow")) is not None:
        if job.id == run.id:
            training.record_result(context, run.id, weights=b"none")
        jobs.finish(context, job, "succeeded")
    embedding.request(context)
    job = jobs.claim(context, "map")
    if job is None:
        raise RuntimeError("no map was asked for")
    space = embedding.begin(context, job, run.id, np.zeros((2, 1), np.float32))
    keys = list(range(1, len(places) + 1))
    embedding.store(context, job, space, keys, np.zeros((len(keys), 1), np.float16), places)
    embedding.finish(context, job, space, len(keys))
    jobs.finish(context, job, "succeeded")


@contextmanager
def served(places: np.ndarray) -> Iterator[str]:
    """The address of a server with this map."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder), port=0)
        context = make_context(settings)
        fill(context, places)
        config = uvicorn.Config(create_app(settings, context), port=0, log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
            context.database.dispose()


def open_map(page: Page, address: str) -> float:
    """Seconds from the click on the page's link until the map is drawn."""
    form: dict[str, str | float | bool] = {"name": "alice", "password": PASSWORD}
    page.request.post(f"{address}/sign-in", form=form, max_redirects=0, headers={"Origin": address})
    began = time.perf_counter()
    page.goto(f"{address}/map")
    page.locator("[data-map][data-ready]").wait_for(timeout=120_000)
    return time.perf_counter() - began


def pan(places: np.ndarray, frames: int) -> tuple[float, list[float]]:
    """Seconds to open the map, and milliseconds from frame to frame while the pointer moves it."""
    with served(places) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        opened = open_map(page, address)
        times: list[float] = page.evaluate(PAN, frames)
        browser.close()
    return opened, times


def report(size: Size) -> str:
    """Measure and say what was found."""
    some = simulated(size.looked_at)
    ensemble = untrained(some)
    rows = []
    for count in size.components:
        made = make(count, some, ensemble)
        opened, times = pan(made.places, size.frames)
        median, p95 = np.percentile(times, [50, 95])
        rows.append(
            [
                f"{count:,}",
                f"{made.look_s:.1f}",
                f"{made.lay_out_s:.1f}",
                f"{opened:.1f}",
                f"{median:.0f} / {p95:.0f}",
            ]
        )
    head = [
        "components",
        "to embed, s",
        "to lay out, s",
        "to open the page, s",
        "from frame to frame while panning, ms (median / p95)",
    ]
    note = (
        f"To embed is the networks' own time, from {size.looked_at:,} components; reading and "
        "cutting crops comes on top. The page was drawn on the processor, "
        "at 60 frames a second at most."
    )
    return f"{machine()}\n\n{table(head, rows)}\n\n{note}"


def main() -> None:
    """Measure and print; with --publish also write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--publish", action="store_true")
    options = parser.parse_args()
    if options.quick and options.publish:
        parser.error("--publish takes the whole run: leave --quick out")
    text = report(QUICK if options.quick else FULL)
    print(text)
    if options.publish:
        publish("bench_map", text)


if __name__ == "__main__":
    main()
