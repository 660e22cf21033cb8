import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from app.storage.columns import pack_array, unpack_array
from app.storage.tables import WorkerBeat
from tests.support.world import START, World


def names(world: World) -> set[str]:
    with world.context.database.read() as session:
        return set(session.execute(select(WorkerBeat.name)).scalars())


def add(session: Session, name: str) -> str:
    session.execute(insert(WorkerBeat).values(name=name, seen_at=START))
    return name


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
        elements=st.floats(width=32, allow_nan=False),
    )
)
def test_an_array_comes_back_as_it_went_in(array: np.ndarray) -> None:
    back = unpack_array(pack_array(array))
    assert back.shape == array.shape
    assert np.array_equal(back, array)


def test_an_array_that_lies_otherwise_in_memory_comes_back_too() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T[::2]
    assert np.array_equal(unpack_array(pack_array(array)), array)


def test_times_are_utc_whatever_zone_they_are_given_in(world: World) -> None:
    there = datetime(2026, 3, 2, 12, 30, 0, 123456, timezone(timedelta(hours=5)))
    with world.context.database.write() as session:
        session.execute(insert(WorkerBeat).values(name="w", seen_at=there))
    with world.context.database.read() as session:
        back = session.execute(select(WorkerBeat.seen_at)).scalar_one()
    assert back == there
    assert back.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(world: World) -> None:
    naive = datetime(2026, 3, 2)  # noqa: DTZ001 - that is the point
    with (
        pytest.raises(StatementError, match="times are aware"),
        world.context.database.write() as session,
    ):
        session.execute(insert(WorkerBeat).values(name="w", seen_at=naive))


def test_a_write_that_raises_leaves_nothing(world: World) -> None:
    def fail() -> None:
        with world.context.database.write() as session:
            add(session, "gone")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert names(world) == set()


def test_a_reader_sees_one_state_from_first_to_last(world: World) -> None:
    with world.context.database.read() as session:
        assert session.execute(select(WorkerBeat.name)).all() == []
        with world.context.database.write() as other:
            add(other, "new")
        assert session.execute(select(WorkerBeat.name)).all() == []
    assert names(world) == {"new"}


def test_those_who_wait_together_share_a_commit_and_fail_alone(world: World) -> None:
    database = world.context.database
    outcomes: dict[str, object] = {}
    calls: list[Sequence[str]] = []

    def add_all(session: Session, asked: Sequence[str]) -> list[str]:
        calls.append(asked)
        for name in asked:
            add(session, name)
            if name.startswith("bad"):
                add(session, name)
        return [f"added {name}" for name in asked]

    def work(name: str) -> None:
        try:
            outcomes[name] = database.write_together(add_all, name)
        except IntegrityError as error:
            outcomes[name] = error

    wanted = [f"good {number}" for number in range(8)] + [f"bad {number}" for number in range(4)]
    threads = [threading.Thread(target=work, args=(name,)) for name in wanted]
    with database.write():
        # They all begin to wait while the database is held.
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    good = {name for name in wanted if name.startswith("good")}
    assert names(world) == good
    assert {name for name, got in outcomes.items() if got == f"added {name}"} == good
    assert all(isinstance(outcomes[name], IntegrityError) for name in wanted if name not in good)
    assert not world.is_sqlite or max(len(asked) for asked in calls) > 1


def test_each_of_a_crowd_gets_its_own_result(world: World) -> None:
    def add_all(session: Session, asked: Sequence[str]) -> list[str]:
        for name in asked:
            add(session, name)
        return [f"added {name}" for name in asked]

    def work(first: int) -> list[bool]:
        mine = [f"{first} {number}" for number in range(20)]
        write_together = world.context.database.write_together
        return [write_together(add_all, name) == f"added {name}" for name in mine]

    with ThreadPoolExecutor(20) as pool:
        got = [right for own in pool.map(work, range(20)) for right in own]
    assert got == [True] * 400
    assert len(names(world)) == 400


def test_nobody_is_told_of_success_before_the_shared_commit(sqlite_world: World) -> None:
    database = sqlite_world.context.database

    def refer_to_nobody(session: Session, asked: Sequence[str]) -> Sequence[str]:
        # Checked when the transaction commits, so that the commit itself fails.
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        session.execute(
            text(
                "INSERT INTO api_token (labeler_id, name, token_hash, created_at) "
                "VALUES (999, 'x', 'x', '2026-01-01')"
            )
        )
        return asked

    def add_one(session: Session, asked: Sequence[str]) -> list[str]:
        return [add(session, name) for name in asked]

    with pytest.raises(IntegrityError):
        database.write_together(refer_to_nobody, "done")
    assert database.write_together(add_one, "next") == "next"
    assert names(sqlite_world) == {"next"}


def test_sqlite_waits_for_the_disk_before_a_label_is_acknowledged(sqlite_world: World) -> None:
    def pragma(session: Session, name: str) -> object:
        return session.execute(text(f"PRAGMA {name}")).scalar()

    with sqlite_world.context.database.write() as session:
        assert pragma(session, "synchronous") == 2
        assert pragma(session, "journal_mode") == "wal"
        assert pragma(session, "foreign_keys") == 1

    def all_pragmas(session: Session, asked: Sequence[str]) -> list[object]:
        return [pragma(session, name) for name in asked]

    assert sqlite_world.context.database.write_together(all_pragmas, "synchronous") == 2
