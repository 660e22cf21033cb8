"""The rules of style, types and layers hold for the whole project."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.javascript import check_types

ROOT = Path(__file__).parent.parent


def run(*command: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=timeout_s
    )


def findings(result: subprocess.CompletedProcess[str]) -> str:
    return f"\n{result.stdout}{result.stderr}"


def test_ruff_finds_nothing():
    result = run(sys.executable, "-m", "ruff", "check", ".")
    assert result.returncode == 0, findings(result)


def test_ruff_would_format_nothing_differently():
    result = run(sys.executable, "-m", "ruff", "format", "--check", ".")
    assert result.returncode == 0, findings(result)


@pytest.mark.timeout(300)
def test_types_are_strict():
    result = run(sys.executable, "-m", "mypy")
    assert result.returncode == 0, findings(result)


def test_types_of_the_pages_modules_are_strict():
    result = check_types()
    assert result.returncode == 0, findings(result)


def test_no_module_of_the_pages_is_long():
    modules = list((ROOT / "static").rglob("*.js"))
    assert modules
    lengths = {path.name: len(path.read_text().splitlines()) for path in modules}
    assert {name: lines for name, lines in lengths.items() if lines >= 250} == {}


def test_imports_keep_to_the_layers():
    lint_imports = (
        "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"
    )
    result = run(sys.executable, "-c", lint_imports, "--no-cache")
    assert result.returncode == 0, findings(result)


def test_the_scripts_keep_to_what_every_shell_understands():
    shellcheck = Path(sys.executable).with_name("shellcheck")
    result = run(str(shellcheck), "somata", ".ci/run")
    assert result.returncode == 0, findings(result)


def test_the_web_process_never_loads_torch():
    result = run(
        sys.executable,
        "-c",
        "import sys, app.main, app.web; print(*sorted({'torch', 'classifier'} & set(sys.modules)))",
    )
    assert result.returncode == 0, findings(result)
    assert result.stdout.strip() == ""


@pytest.mark.slow
def test_the_worker_loads_what_single_jobs_need_with_those_jobs():
    result = run(
        sys.executable,
        "-c",
        "import sys, app.worker.main;"
        "print(*sorted({'sklearn', 'openTSNE', 'bioimageio'} & set(sys.modules)))",
    )
    assert result.returncode == 0, findings(result)
    assert result.stdout.strip() == ""
