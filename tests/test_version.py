"""The commit that a run is trained by, so that it can be repeated."""

import subprocess
from pathlib import Path

import pytest

from app import version


def git(folder: Path, *what: str) -> None:
    given = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false", *what)
    subprocess.run(["git", "-C", str(folder), *given], check=True, capture_output=True)


def test_the_commit_says_whether_files_differ_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version, "ROOT", tmp_path)
    git(tmp_path, "init", "-q")
    (tmp_path / "code").write_text("one")
    git(tmp_path, "add", "code")
    git(tmp_path, "commit", "-q", "-m", "first")
    clean = version.commit()
    assert clean is not None
    assert len(clean) == 8
    (tmp_path / "code").write_text("two")
    assert version.commit() == f"{clean}-dirty"


def test_without_git_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "ROOT", tmp_path)
    assert version.commit() is None, "no folder of it, as in an image"
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    assert version.commit() is None, "no program"
