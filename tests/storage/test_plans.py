"""No hot query may walk a table: with a million components it must read as little as with ten."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from app.actions import browsing, labeling, rounds
from app.actions.labeling import Answer
from app.actions.rounds import RoundPlan
from app.domain.accounts import Account
from app.domain.serving import STRATEGIES
from app.storage.components import Filters, Order, Position
from app.storage.database import Database
from tests.support.labs import make_world
from tests.support.world import ALICE, BOB, CAROL, World, probabilities_of

COMPONENTS, RECORDINGS = 400, 5
# Walked, sorted or not, these would take seconds at a million rows.
BIG = "component_state|component_arrays|component|label_event|prediction|lease|round_item"
# Sorting is cheap where a key has left few rows: one component's events, one person's leases.
KEYED = (
    "SEARCH label_event USING INDEX ix_event_component (component_id=?",
    "SEARCH lease USING INDEX ix_lease_labeler_id (labeler_id=?",
)
# A lab trains a few times a day at most.
FEW = re.compile(r"\bFROM training_run\b")
WALK = re.compile(rf"^SCAN ({BIG})\b(?! USING)")


@pytest.fixture(scope="module")
def grown(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of some thousand components: a third labeled, two thirds predicted."""
    folder = tmp_path_factory.mktemp("grown")
    file = Path(shutil.copy(sqlite_template, folder / "somata.db"))
    world = make_world(Database(f"sqlite:///{file}"), folder)
    keys: list[int] = []
    for _ in range(RECORDINGS):
        labels = [number % 4 + 1 if number % 3 == 0 else 0 for number in range(COMPONENTS)]
        keys += world.recording(COMPONENTS, labels=labels)
    world.post(BOB, *(Answer(uuid4(), key, 1 + key % 4) for key in keys[::6]))
    world.train({key: probabilities_of(0.001 * (key % 1300)) for key in keys if key % 3 < 2})
    rounds.open_round(world.context, ALICE, RoundPlan("entropy", 100))
    for key in keys[5:100:5]:
        world.skip(BOB, key)
    world.work_for(CAROL, count=20)
    world.context.database.dispose()
    return file


@pytest.fixture(params=["never analyzed", "analyzed"])
def big(request: pytest.FixtureRequest, grown: Path, tmp_path: Path) -> Iterator[World]:
    file = Path(shutil.copy(grown, tmp_path / "somata.db"))
    world = make_world(Database(f"sqlite:///{file}"), tmp_path)
    if request.param == "analyzed":
        with world.context.database.write() as session:
            session.connection().exec_driver_sql("ANALYZE")
        world.context.database.dispose()
    yield world
    world.context.database.dispose()


@contextmanager
def statements_of(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to the database meanwhile, with its parameters."""
    sent: list[tuple[str, Any]] = []

    def note(
        _connection: Any, _cursor: Any, statement: str, given: Any, _context: Any, many: bool
    ) -> None:
        sent.append((statement, given[0] if many else given))

    engines = (database._asking, database._reading, database._writing, database._noting)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def plans_of(database: Database, work: Callable[[], object]) -> list[tuple[str, list[str]]]:
    """Each statement that the work sent, with SQLite's plan for it."""
    with statements_of(database) as sent:
        work()
    found = []
    with database.read() as session:
        for statement, given in sent:
            if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
                plan = session.connection().exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {statement}", given
                )
                found.append((statement, [row[3] for row in plan]))
    return found


def walks(plans: list[tuple[str, list[str]]]) -> list[str]:
    """What of these plans grows with the tables."""
    found = []
    for statement, plan in plans:
        few = any(line.startswith(KEYED) for line in plan) or FEW.search(statement)
        found += [
            f"{line}: {statement}"
            for line in plan
            if WALK.match(line) or ("TEMP B-TREE FOR ORDER BY" in line and not few)
        ]
    return found


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("of_one_recording", [False, True])
def test_the_queue_finds_the_next_components_by_index(
    big: World, strategy: str, of_one_recording: bool
) -> None:
    recording = RECORDINGS - 1 if of_one_recording else None
    plans = plans_of(
        big.context.database,
        lambda: big.work_for(BOB, strategy, 3, recording=recording, holding=[1, 2]),
    )
    assert len(plans) >= 5
    assert walks(plans) == []


def test_components_without_an_opinion_are_found_by_index(big: World) -> None:
    rest = big.recording(30)
    with big.context.database.write() as session:
        session.connection().exec_driver_sql(
            "UPDATE component_state SET people = 1 WHERE entropy IS NOT NULL"
        )
    work: list[int] = []

    def claim() -> None:
        work.extend(one.component for one in big.work_for(BOB, "entropy", 3))

    plans = plans_of(big.context.database, claim)
    assert walks(plans) == []
    assert work
    assert set(work) != set(rest[:3]), "the unpredicted of earlier recordings come first"


def test_a_round_hands_out_by_index(big: World) -> None:
    plans = plans_of(big.context.database, lambda: big.work_for(BOB, count=3, round=1, holding=[]))
    assert len(plans) >= 5
    assert walks(plans) == []


def test_answers_and_undo_touch_only_what_they_name(big: World) -> None:
    work = big.work_for(BOB, count=2, round=1)
    answers = [Answer(uuid4(), one.component, 2, one.lease, round=1) for one in work]
    assert walks(plans_of(big.context.database, lambda: big.post(BOB, *answers))) == []
    undone = plans_of(
        big.context.database, lambda: labeling.undo(big.context, BOB, uuid4(), answers[0].id)
    )
    assert walks(undone) == []
    assert walks(plans_of(big.context.database, lambda: big.skip(BOB, COMPONENTS))) == []


@pytest.mark.parametrize("order", ["id", "entropy", "quality", "cue"])
@pytest.mark.parametrize("of_one_recording", [False, True])
@pytest.mark.parametrize("who", [ALICE, BOB], ids=["admin", "labeler"])
def test_every_page_of_components_is_found_by_index(
    big: World, order: Order, of_one_recording: bool, who: Account
) -> None:
    filters = Filters(recording_id=RECORDINGS - 1 if of_one_recording else None)
    after: Position | None = None
    pages = 0

    def turn() -> None:
        nonlocal after
        _, after = browsing.list_components(big.context, who, filters, order, after, 90)

    while pages == 0 or (after is not None and pages < 6):
        plans = plans_of(big.context.database, turn)
        pages += 1
        assert walks(plans) == []
        states = [plan for _, plan in plans if any("component_state" in line for line in plan)]
        if of_one_recording:
            assert all("recording_id=?" in "".join(plan) for plan in states)


def test_these_tests_notice_a_missing_index(big: World) -> None:
    with big.context.database.write() as session:
        for name in ("state_unanswered_queue_entropy", "state_entropy", "event_component"):
            session.connection().exec_driver_sql(f"DROP INDEX ix_{name}")
    assert walks(plans_of(big.context.database, lambda: big.work_for(BOB, "entropy", 3)))
    assert walks(plans_of(big.context.database, lambda: big.label(BOB, 9, 1)))
