"""The real files that the tests read, by path; see the README of that folder."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def shared(name: str) -> Path:
    """A file or folder of the shared test data. The test fails where it is missing."""
    path = SHARED / name
    if not path.exists():
        pytest.fail(
            f"The shared test data has no {name}: it is expected beside the project, "
            f"in ../shared/data."
        )
    return path
