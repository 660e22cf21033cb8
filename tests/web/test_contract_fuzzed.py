"""The served OpenAPI is the truth: a schema-driven fuzzer finds no answer that it does not allow.

Every check that schemathesis has is on: documented statuses, content types, headers and bodies,
refusal of what the schema forbids, acceptance of what it allows, methods, authorisation.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.actions import jobs, training
from app.domain.accounts import Account, Role
from app.storage.jobs import LIVE
from tests.support.server import Server

# For a long look: SOMATA_FUZZ_SECONDS=1200.
SECONDS = int(os.environ.get("SOMATA_FUZZ_SECONDS", "50"))
SEED = int(os.environ.get("SOMATA_FUZZ_SEED", "20261122"))

# No schema says which bytes make a recording or an array, so random ones are rightly refused.
CONFIG = """
[[operations]]
include-path = "/api/v1/recordings"
include-method = "POST"
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path = "/api/v1/predict"
checks.positive_data_acceptance.enabled = false
"""


def stop_long_work(server: Server, done: threading.Event) -> None:
    """Cancel what the fuzzer starts: the events of a run are watched until it has ended."""
    by = Account(0, "tests", Role.ADMIN)
    while not done.wait(2):
        for run in training.list_runs(server.context, None, 3):
            if run.state in LIVE:
                training.cancel_run(server.context, by, run.id)
        for kind in ("demo", "tune", "export"):
            for job in jobs.live(server.context, kind):
                jobs.cancel(server.context, job.id)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 120)
def test_the_fuzzer_finds_nothing_that_the_description_does_not_allow(
    trained_server: Server, tmp_path: Path
) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(f"seed = {SEED}\n{CONFIG}")
    done = threading.Event()
    stopper = threading.Thread(target=stop_long_work, args=(trained_server, done))
    stopper.start()
    try:
        found = fuzz(trained_server, config)
    finally:
        done.set()
        stopper.join()
    assert found.returncode == 0, found.stdout[-12_000:] + found.stderr[-2_000:]
    assert "Tested: 59" in found.stdout.replace("  ", " "), "an operation was left out"
    with trained_server.client() as client:
        assert client.get("/api/v1/health").json()["status"] == "ok"


def fuzz(server: Server, config: Path) -> subprocess.CompletedProcess[str]:
    """Run schemathesis with an admin's token."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
            f"{server.base_url}/openapi.json",
            *("--header", f"Authorization: Bearer {server.token()}"),
            *("--max-time", str(SECONDS), "--max-examples", "6", "--continue-on-failure"),
            *("--request-timeout", "30", "--no-color"),
        ],
        cwd=config.parent,
        capture_output=True,
        text=True,
        timeout=SECONDS + 100,
        check=False,
    )
