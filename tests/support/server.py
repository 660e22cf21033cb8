"""A real server for tests: `python -m app serve` in a process group of its own.

It lives in a fresh data folder, listens on a free port, and can be killed as a power cut would.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from app.actions import accounts, tokens
from app.actions.context import Context, make_context
from app.domain.accounts import Role
from app.settings import Settings
from app.storage import migrate

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60.0
ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)(/invite/\S+)?")


def clean_environment(data_dir: Path, **settings: object) -> dict[str, str]:
    """This process's environment with no settings of Somata's but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SOMATA_")}
    given = {f"SOMATA_{name.upper()}": str(value) for name, value in settings.items()}
    return {**kept, "PYTHONPATH": str(ROOT), "SOMATA_DATA_DIR": str(data_dir), **given}


def somata(
    data_dir: Path, *arguments: str, timeout_s: float = 120, **settings: object
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end. The current folder holds no `.env` of a developer."""
    data_dir.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        env=clean_environment(data_dir, **settings),
        cwd=data_dir,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


class Server:
    """One server, started again as often as a test likes, on the same data folder.

    base_url: where it listens now. invite: the one-time link it printed, while nobody has
    signed up. token(role): a bearer token, made beside the server through the same actions.
    """

    def __init__(
        self, data_dir: Path, *, worker: bool = False, settings: Mapping[str, object] | None = None
    ) -> None:
        self.data_dir = data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        self.arguments = ["serve"] if worker else ["serve", "--no-worker"]
        self.settings = {"port": 0, **(settings or {})}
        self.base_url = ""
        self.invite: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._context: Context | None = None
        self._tokens: dict[Role, str] = {}

    def start(self) -> "Server":
        """Start it and wait until it says where it listens."""
        log = self.log.open("wb")
        said = self.data_dir / "stdout.log"
        with log, said.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app", *self.arguments],
                env=clean_environment(self.data_dir, **self.settings),
                cwd=self.data_dir,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                start_new_session=True,
            )
        self._wait_for_address(said)
        return self

    def _wait_for_address(self, said: Path) -> None:
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < give_up_at:
            text = said.read_text()
            found = ADDRESS.search(text)
            if found is not None and text.endswith("\n"):
                self.base_url = found[1]
                self.invite = found[1] + found[2] if found[2] else None
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"the server did not start: {self.log.read_text()[-3000:]}")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process. Fails where it was never started."""
        assert self._process is not None
        return self._process

    @property
    def log(self) -> Path:
        """What it and its worker write to standard error, since the last start."""
        return self.data_dir / "stderr.log"

    @property
    def context(self) -> Context:
        """The same world, reached through the database beside the server."""
        if self._context is None:
            given = {"port": 0, **self.settings, "data_dir": self.data_dir}
            self._context = make_context(Settings.model_validate(given))
            migrate.upgrade(self._context.database)
        return self._context

    def token(self, role: Role = Role.ADMIN) -> str:
        """A bearer token of an account with this role."""
        if role not in self._tokens:
            account, _ = accounts.account_for_program(self.context, f"program {role}", role)
            self._tokens[role] = tokens.create(self.context, account, "tests")
        return self._tokens[role]

    def client(self, role: Role | None = Role.ADMIN) -> httpx.Client:
        """A client with a token of this role, or without any."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.token(role)}"}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=60, trust_env=False)

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed. Its worker is left to notice."""
        self.process.kill()
        self.process.wait(timeout=30)

    def stop(self, sent: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop; returns its exit code."""
        self.process.send_signal(sent)
        return self.process.wait(timeout=60)

    def restart(self) -> "Server":
        """Kill it if it lives, and start it again."""
        if self.process.poll() is None:
            self.kill()
        return self.start()

    def close(self) -> None:
        """End whatever is left."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        if self._context is not None:
            self._context.database.dispose()
            self._context = None
