import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from app.actions.backup import backup, restore
from app.actions.labeling import Answer
from app.domain.errors import Conflict, InvalidInput, UnreadableFile
from app.storage.database import Database
from tests.support.labs import make_world
from tests.support.world import ALICE, BOB, World


@pytest.fixture
def sqlite_lab(tmp_path: Path) -> Database:
    """The world's file lies in its data folder, where a backup is restored to."""
    return Database(f"sqlite:///{tmp_path / 'somata.db'}")


def uuids_in(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT uuid FROM label_event ORDER BY id")]


@pytest.fixture
def kept(sqlite_world: World, tmp_path: Path) -> Path:
    """A backup of a database with one answer in it."""
    sqlite_world.component(labeled_by=[BOB], label=3)
    backup(sqlite_world.context, tmp_path / "kept.db")
    return tmp_path / "kept.db"


def test_a_backup_is_one_file_that_needs_nothing_beside_it(
    sqlite_world: World, tmp_path: Path
) -> None:
    sqlite_world.component(labeled_by=[BOB])
    target = tmp_path / "out" / "a #1? 100%.db"
    target.parent.mkdir()
    assert backup(sqlite_world.context, target) == target.stat().st_size > 0
    assert list(target.parent.iterdir()) == [target]
    target.chmod(0o444)
    address = f"{target.as_uri()}?mode=ro&immutable=0"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert len(uuids_in(target)) == 1


def test_a_restored_backup_is_the_same_lab(sqlite_world: World, kept: Path, tmp_path: Path) -> None:
    there = tmp_path / "elsewhere"
    assert restore(there / "somata.db", kept, replace=False) is None
    restored = make_world(Database(f"sqlite:///{there / 'somata.db'}"), there)
    assert restored.log() == sqlite_world.log()
    restored.label(ALICE, 1, 2)
    assert restored.state(1).people == 2
    restored.context.database.dispose()


def test_a_backup_taken_while_people_label_holds_all_that_was_acknowledged_before(
    sqlite_world: World, tmp_path: Path
) -> None:
    keys = sqlite_world.recording(40)
    acknowledged: list[str] = []
    stop = threading.Event()

    def label_on(number: int) -> None:
        while not stop.is_set():
            answer = Answer(uuid4(), keys[number], 1)
            sqlite_world.post(BOB, answer)
            acknowledged.append(answer.id.hex)

    threads = [threading.Thread(target=label_on, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(3):
            before = list(acknowledged)
            file = tmp_path / f"backup-{number}.db"
            backup(sqlite_world.context, file)
            restored = tmp_path / f"restored-{number}.db"
            restore(restored, file, replace=False)
            inside = uuids_in(restored)
            assert set(before) <= set(inside)
            live = [event.uuid.hex for event in sqlite_world.log()]
            assert inside == live[: len(inside)], "a beginning of the log, without a gap"
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_backup_overwrites_nothing(sqlite_world: World, kept: Path, tmp_path: Path) -> None:
    before = kept.read_bytes()
    with pytest.raises(Conflict, match="exists already"):
        backup(sqlite_world.context, kept)
    assert kept.read_bytes() == before
    with pytest.raises(InvalidInput, match="no folder"):
        backup(sqlite_world.context, tmp_path / "nowhere" / "x.db")


@pytest.mark.postgres
def test_postgresql_has_its_own_way(postgres_world: World, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="pg_dump"):
        backup(postgres_world.context, tmp_path / "x.db")


def test_a_restore_replaces_only_when_told_and_keeps_what_was_there(
    sqlite_world: World, kept: Path, tmp_path: Path
) -> None:
    sqlite_world.label(ALICE, 1, 2)
    # The last answer may still be in the write-ahead log alone.
    data_file = tmp_path / "somata.db"
    before = uuids_in(data_file)
    with pytest.raises(Conflict, match="--replace"):
        restore(data_file, kept, replace=False)
    assert uuids_in(data_file) == before
    sqlite_world.context.database.dispose()
    set_aside = restore(data_file, kept, replace=True)
    assert set_aside is not None
    assert uuids_in(set_aside) == before
    assert uuids_in(data_file) == uuids_in(kept) == before[:1]


def test_the_log_of_a_database_that_is_gone_is_not_played_into_the_restored_one(
    sqlite_world: World, kept: Path, tmp_path: Path
) -> None:
    sqlite_world.recording(20)
    data_file, place = tmp_path / "somata.db", tmp_path / "place"
    place.mkdir()
    log = data_file.with_name("somata.db-wal").read_bytes()
    assert log
    (place / "somata.db-wal").write_bytes(log)
    restore(place / "somata.db", kept, replace=False)
    assert uuids_in(place / "somata.db") == uuids_in(kept)
    with closing(sqlite3.connect(place / "somata.db")) as connection:
        assert connection.execute("SELECT count(*) FROM component").fetchone() == (1,)


def damaged(kept: Path) -> bytes:
    whole = bytearray(kept.read_bytes())
    whole[4096 * 3 : 4096 * 20] = os.urandom(4096 * 17)
    return bytes(whole)


@pytest.mark.parametrize(
    "content",
    [
        lambda kept: b"",
        lambda kept: b"these are not the bytes you are looking for" * 99,
        lambda kept: kept.read_bytes()[: kept.stat().st_size // 2],
        damaged,
    ],
    ids=["empty", "something else", "cut off", "damaged"],
)
def test_what_is_no_sound_backup_is_refused_and_harms_nothing(
    sqlite_world: World, kept: Path, tmp_path: Path, content
) -> None:
    before = uuids_in(tmp_path / "somata.db")
    bad = tmp_path / "bad.db"
    bad.write_bytes(content(kept))
    sqlite_world.context.database.dispose()
    there = sorted(tmp_path.iterdir())
    with pytest.raises(UnreadableFile, match=r"bad\.db"):
        restore(tmp_path / "somata.db", bad, replace=True)
    assert sorted(tmp_path.iterdir()) == there
    assert uuids_in(tmp_path / "somata.db") == before


def test_somebody_elses_database_is_refused(kept: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    with pytest.raises(UnreadableFile, match="not written by somata backup"):
        restore(tmp_path / "new.db", other, replace=False)
    with pytest.raises(UnreadableFile, match="no such file"):
        restore(tmp_path / "new.db", tmp_path / "missing.db", replace=False)
    assert not (tmp_path / "new.db").exists()
