"""The script `somata`: makes .venv once, keeps it current, and hands over to `python -m app`.

Most tests run it with a stand-in for Python that notes what it is asked, so that each takes
milliseconds; the first runs the real one.
"""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FAKE_PYTHON = """#!/bin/sh
note() { echo "$@" >>"$FAKE_LOG"; }
case "$*" in
    *"[:2]"*) echo "${FAKE_VERSION:-3.11}" ;;
    *"sys.version_info <"*) exit "${FAKE_TOO_OLD:-0}" ;;
    *"import venv, ensurepip"*) exit "${FAKE_NO_VENV:-0}" ;;
    "-m venv "*) note venv; mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-m pip install "*)
        echo "Collecting torch"
        note "pip start"
        sleep "${FAKE_PIP_SECONDS:-0}"
        if [ "${FAKE_PIP_FAILS:-0}" = 1 ]; then exit 1; fi
        for file in "$@"; do :; done
        note "pip ${file##*/}"
        ;;
    "-m tests.setup") note setup ;;
    *) note "$@"; echo "ran $*" ;;
esac
"""


@dataclass
class Checkout:
    """A folder with the script and what it reads, and a stand-in for Python."""

    root: Path
    python: Path
    log: Path

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        return {
            "PATH": f"{self.python.parent}:/usr/bin:/bin",
            "FAKE_LOG": str(self.log),
            "HOME": str(self.root),
            **extra,
        }

    def start(self, *arguments: str, **extra: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "somata", *arguments],
            env=self.environment(extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, *arguments: str, script: Path | None = None, cwd: Path | None = None, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script or self.root / "somata", *arguments],
            env=self.environment(extra),
            cwd=cwd or self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def calls(self) -> list[str]:
        """What Python was asked to do since the last look."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line for line in lines if line != "pip start"]

    def wait_for_pip(self) -> None:
        deadline = time.monotonic() + 20
        while not (self.log.exists() and "pip start" in self.log.read_text()):
            assert time.monotonic() < deadline, "pip was never started"
            time.sleep(0.01)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "a checkout"
    root.mkdir()
    shutil.copy(ROOT / "somata", root / "somata")
    (root / "requirements.txt").write_text("torch==2.13.0\n")
    (root / "requirements-dev.txt").write_text("-r requirements.txt\n")
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    return Checkout(root, python, tmp_path / "calls")


def test_a_real_python_gets_a_real_virtual_environment(checkout: Checkout, tmp_path: Path):
    for file in ("requirements.txt", "requirements-dev.txt"):
        (checkout.root / file).write_text("# nothing to install\n")
    (checkout.root / "app").mkdir()
    (checkout.root / "app" / "__main__.py").write_text("import sys; print(sys.prefix, sys.argv[1])")
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "app").mkdir(parents=True)  # must not be taken for Somata's
    (elsewhere / "app" / "__main__.py").write_text("raise SystemExit('the wrong app')")

    result = checkout.run("token", cwd=elsewhere, SOMATA_PYTHON=sys.executable)

    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{checkout.root / '.venv'} token\n"


def test_the_first_start_makes_the_environment_and_the_second_only_runs(checkout: Checkout):
    assert checkout.run("serve").returncode == 0
    assert checkout.calls() == ["venv", "pip requirements.txt", "-m app serve"]

    assert checkout.run("serve").returncode == 0
    assert checkout.calls() == ["-m app serve"]


def test_standard_output_belongs_to_the_command(checkout: Checkout):
    result = checkout.run("token", "create", "a name")
    assert result.stdout == "ran -m app token create a name\n"
    assert "Collecting torch" in result.stderr


def test_it_works_through_a_relative_symbolic_link_from_another_folder(
    checkout: Checkout, tmp_path: Path
):
    link = tmp_path / "links" / "somata"
    link.parent.mkdir()
    link.symlink_to(Path("..") / checkout.root.name / "somata")
    assert checkout.run("serve", script=link, cwd=tmp_path).returncode == 0
    assert (checkout.root / ".venv" / "somata-run").exists()


def test_changed_requirements_are_installed_into_the_same_environment(checkout: Checkout):
    checkout.run("serve")
    checkout.calls()
    (checkout.root / "requirements.txt").write_text("torch==2.14.0\n")
    checkout.run("serve")
    assert checkout.calls() == ["pip requirements.txt", "-m app serve"]


def test_another_python_gets_a_new_environment(checkout: Checkout):
    checkout.run("serve")
    checkout.calls()
    checkout.run("serve", FAKE_VERSION="3.12")
    assert checkout.calls() == ["venv", "pip requirements.txt", "-m app serve"]


def test_an_environment_whose_python_is_gone_is_made_again(checkout: Checkout):
    checkout.run("serve")
    checkout.calls()
    (checkout.root / ".venv" / "bin" / "python").unlink()
    checkout.run("serve")
    assert checkout.calls() == ["venv", "pip requirements.txt", "-m app serve"]


def test_test_installs_its_tools_once_and_hands_its_arguments_to_pytest(checkout: Checkout):
    checkout.run("test", "tests/formats", "-k", "x y")
    assert checkout.calls() == [
        "venv",
        "pip requirements-dev.txt",
        "setup",
        "-m pytest tests/formats -k x y",
    ]
    checkout.run("test")
    checkout.run("serve")
    everything = "-m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder"
    assert checkout.calls() == ["setup", everything, "-m app serve"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_an_interrupted_set_up_is_done_again(checkout: Checkout, how: signal.Signals):
    with checkout.start("serve", FAKE_PIP_SECONDS="1") as process:
        checkout.wait_for_pip()
        process.send_signal(how)
        process.communicate()
    assert process.returncode != 0
    checkout.calls()

    assert checkout.run("serve").returncode == 0
    assert checkout.calls()[-3:] == ["venv", "pip requirements.txt", "-m app serve"]
    assert not (checkout.root / ".venv.lock").exists()


def test_two_at_once_set_up_once(checkout: Checkout):
    with (
        checkout.start("first", FAKE_PIP_SECONDS="1") as first,
        checkout.start("second", FAKE_PIP_SECONDS="1") as second,
    ):
        for process in (first, second):
            process.communicate(timeout=30)
            assert process.returncode == 0
    calls = checkout.calls()
    assert calls[:2] == ["venv", "pip requirements.txt"]
    assert sorted(calls[2:]) == ["-m app first", "-m app second"]


def test_many_that_find_a_dead_ones_lock_set_up_once(checkout: Checkout):
    dead = subprocess.Popen(["true"])
    dead.wait()
    lock = checkout.root / ".venv.lock"
    lock.mkdir()
    (lock / "pid").write_text(f"{dead.pid}\n")
    processes = [checkout.start("serve") for _ in range(6)]
    for process in processes:
        process.communicate(timeout=30)
        assert process.returncode == 0
    calls = checkout.calls()
    assert calls[:2] == ["venv", "pip requirements.txt"]
    assert calls[2:] == ["-m app serve"] * 6


def failure(result: subprocess.CompletedProcess[str]) -> str:
    """The last line of standard error, where nothing was run and nothing went to the output."""
    assert result.returncode == 1
    assert result.stdout == ""
    return result.stderr.splitlines()[-1]


def test_no_python_is_told_with_its_remedy(checkout: Checkout):
    # This machine's own Pythons stay on the PATH, so each name that is looked for is covered.
    for minor in range(11, 15):
        shutil.copy(checkout.python, checkout.python.with_name(f"python3.{minor}"))
    sentence = failure(checkout.run("serve", FAKE_TOO_OLD="1"))
    assert sentence.startswith("somata: Python 3.11 or later was not found; install it")
    assert not (checkout.root / ".venv").exists()


def test_a_chosen_python_that_is_too_old_is_refused(checkout: Checkout):
    result = checkout.run("serve", SOMATA_PYTHON=str(checkout.python), FAKE_TOO_OLD="1")
    assert "SOMATA_PYTHON" in failure(result)
    assert "unset it" in failure(result)


def test_a_python_without_venv_is_told_with_its_remedy(checkout: Checkout):
    sentence = failure(checkout.run("serve", FAKE_NO_VENV="1"))
    assert "apt-get install python3-venv" in sentence


def test_a_failed_installation_is_told_and_tried_again(checkout: Checkout):
    sentence = failure(checkout.run("serve", FAKE_PIP_FAILS="1"))
    assert "check the network connection" in sentence
    assert checkout.run("serve").returncode == 0


def test_a_start_with_everything_in_place_costs_next_to_nothing(checkout: Checkout):
    checkout.run("serve")
    started = time.monotonic()
    checkout.run("serve")
    assert time.monotonic() - started < 1.0
