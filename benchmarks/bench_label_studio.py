"""Somata beside Label Studio: the next task and one answer, on the same machine, in one run.

    python -m benchmarks.bench_label_studio             (about 10 minutes with the installation)
    python -m benchmarks.bench_label_studio --publish   and write docs/benchmarks.md

Both hold 9,028 tasks in SQLite and run as their own start command runs them; each labeler asks
for one task, answers it, and asks for the next. Label Studio is installed with pip into a folder
of its own, which is kept. Its tasks are a line of text each, ours have masks.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from app.actions import accounts, tokens
from app.actions.context import make_context
from app.domain.accounts import Role
from app.settings import Settings
from app.storage import migrate
from benchmarks import label_studio
from benchmarks.bench_scale import REFERENCE_SIZE, fill, simulated
from benchmarks.label_studio import LabelStudioDesk
from benchmarks.labelers import Desk, SomataDesk, alone, measure_crowd
from benchmarks.report import machine, milliseconds, publish, table
from benchmarks.serving import serving

CLIENTS = 10
LOOKS_A_ROUND = 25
ROUNDS = 4

Opened = Sequence[Callable[[], Desk]]


def prepare(data_dir: Path) -> list[str]:
    """Our database with as many components; returns the labelers' tokens."""
    context = make_context(Settings(data_dir=data_dir, database_url=None))
    migrate.upgrade(context.database)
    fill(context, simulated(REFERENCE_SIZE, frames=100, seed=1), REFERENCE_SIZE)
    held = []
    for number in range(CLIENTS):
        account, _ = accounts.account_for_program(context, f"labeler {number}", Role.LABELER)
        held.append(tokens.create(context, account, "bench"))
    context.database.dispose()
    return held


def measure(ours: Opened, theirs: Opened, seconds: float) -> list[list[str]]:
    """Every figure of both, as table rows. One client alternates between the two."""
    times: list[dict[str, list[float]]] = [{}, {}]
    for _ in range(ROUNDS):
        for found, opened in zip(times, (ours, theirs), strict=True):
            for name, some in alone(opened[0](), LOOKS_A_ROUND).items():
                found.setdefault(name, []).extend(some)
    rows = [
        [words, *(f"{milliseconds(found[name])} ms" for found in times)]
        for words, name in (
            ("next task, one client", "next"),
            ("save one answer, one client", "label"),
            ("GET /health then", "health"),
        )
    ]
    crowds = [measure_crowd(opened, seconds) for opened in (ours, theirs)]
    rows.append([f"{len(ours)} clients", *(f"{one['rate']:.0f} labels/s" for one in crowds)])
    rows.append(["their answers", *(f"{milliseconds(one['label'])} ms" for one in crowds)])
    return rows


def compare(folder: Path, seconds: float) -> list[list[str]]:
    """Install, start both, measure."""
    program = label_studio.install(folder)
    with tempfile.TemporaryDirectory(prefix="somata-bench-") as temporary:
        data = Path(temporary)
        tokens = prepare(data / "somata")
        with (
            serving(data / "somata") as server,
            label_studio.serving(program, data / "label-studio") as port,
        ):
            project = label_studio.add_tasks(port, REFERENCE_SIZE)
            ours = [partial(SomataDesk, server.port, token, "unlabeled") for token in tokens]
            theirs = [
                partial(LabelStudioDesk, port, token, project)
                for token in label_studio.add_labelers(port, CLIENTS)
            ]
            return measure(ours, theirs, seconds)


def main() -> None:
    """Measure and print; with --publish also write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    kept = Path(tempfile.gettempdir()) / f"somata-label-studio-{label_studio.VERSION}"
    parser.add_argument("--folder", type=Path, default=kept, help=f"keeps the rival ({kept})")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the crowds label")
    parser.add_argument("--publish", action="store_true")
    options = parser.parse_args()
    rows = compare(options.folder.resolve(), options.seconds)
    version = label_studio.VERSION
    head = (f"{REFERENCE_SIZE:,} tasks, median / p95", "Somata", f"Label Studio {version}")
    text = "\n\n".join((machine(), table(head, rows)))
    print(text)
    if options.publish:
        publish("bench_label_studio", text)


if __name__ == "__main__":
    main()
