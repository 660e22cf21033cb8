"""A real Chromium for the browser tests: found on this machine, or installed on Debian.

Playwright's own download is not used: the tests run with the Chromium that the system trusts,
and work where only the system's package mirror is reached.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # the tests may run as root, where Chromium's own sandbox refuses to start
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",  # containers often have a /dev/shm of 64 MB
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
REMEDY = (
    "Install it (Debian: apt-get install chromium), or set SOMATA_CHROMIUM to the path of a "
    "Chromium or Chrome."
)


class ChromiumMissing(Exception):
    """There is no Chromium here, and it could not be installed."""


def find_chromium() -> Path | None:
    """The browser's executable, or None.

    Raises ChromiumMissing where SOMATA_CHROMIUM names something that cannot be run.
    """
    chosen = os.environ.get("SOMATA_CHROMIUM")
    if chosen:
        found = shutil.which(chosen)
        if found is None:
            raise ChromiumMissing(f"SOMATA_CHROMIUM={chosen} is not a program. {REMEDY}")
        return Path(found)
    for name in NAMES:
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/local/bin")
        if found is not None:
            return Path(found)
    return None


def ensure_chromium() -> Path:
    """The browser's executable, installed from Debian's packages where that is possible.

    Raises ChromiumMissing with the remedy where it is not.
    """
    found = find_chromium()
    if found is not None:
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ChromiumMissing(f"The browser tests need Chromium, and there is none. {REMEDY}")
    print("somata test: installing Debian's chromium for the browser tests", file=sys.stderr)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ("apt-get", "update", "-qq"),
        ("apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium"),
    ):
        result = subprocess.run(command, env=quiet, stdout=sys.stderr, check=False)
        if result.returncode != 0:
            raise ChromiumMissing(f"`{' '.join(command)}` failed; see above. {REMEDY}")
    found = find_chromium()
    if found is None:
        raise ChromiumMissing(f"apt-get installed chromium, yet it is not on the PATH. {REMEDY}")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for the whole session; a test makes its own context or page."""
    executable = find_chromium()
    if executable is None:
        pytest.fail(f"The browser tests need Chromium, and there is none. {REMEDY}", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield browser
        browser.close()
