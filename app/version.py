"""The version, said once, and the commit that runs."""

import subprocess
from pathlib import Path

VERSION = "0.1.0"
ROOT = Path(__file__).resolve().parents[1]


def commit() -> str | None:
    """The commit of this checkout, with `-dirty` where files differ from it; None where there is
    no git, as in an image.
    """
    # A folder inside somebody else's checkout would be told that one's commit.
    if not (ROOT / ".git").exists():
        return None
    try:
        found = subprocess.run(
            ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=8"],
            capture_output=True, text=True, check=False, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
