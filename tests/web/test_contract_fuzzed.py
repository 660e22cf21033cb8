"""The served OpenAPI is the truth: a schema-driven fuzzer finds no answer that it does not allow.

Every check that schemathesis has is on: documented statuses, content types, headers and bodies,
refusal of what the schema forbids, acceptance of what it allows, methods, authorisation.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import Server

# For a long look: SOMATA_FUZZ_SECONDS=1200.
SECONDS = int(os.environ.get("SOMATA_FUZZ_SECONDS", "75"))
SEED = int(os.environ.get("SOMATA_FUZZ_SEED", "20261122"))

# No schema says which bytes make a recording or an array, so random ones are rightly refused.
# `promote` and the `overlap` strategy answer 501 until their issue.
CONFIG = """
[[operations]]
include-path = "/api/v1/recordings"
include-method = "POST"
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path = "/api/v1/predict"
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path = ["/api/v1/queue/next", "/api/v1/training-runs/{run}/promote"]
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501"]
"""


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 120)
def test_the_fuzzer_finds_nothing_that_the_description_does_not_allow(
    trained_server: Server, tmp_path: Path
) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(f"seed = {SEED}\n{CONFIG}")
    found = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
            f"{trained_server.base_url}/openapi.json",
            *("--header", f"Authorization: Bearer {trained_server.token()}"),
            *("--max-time", str(SECONDS), "--max-examples", "10", "--continue-on-failure"),
            *("--request-timeout", "30", "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS + 100,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-12_000:] + found.stderr[-2_000:]
    assert "Tested: 31" in found.stdout.replace("  ", " "), "an operation was left out"
    with trained_server.client() as client:
        assert client.get("/api/v1/health").json()["status"] == "ok"
