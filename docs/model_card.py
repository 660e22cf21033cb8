"""Makes docs/model-card.md: the card of the default classifier, trained on the demo.

Run from the project's root, with the development requirements: `python -m docs.model_card`.
It starts a server and a worker, loads the demo, trains with the defaults (a few minutes) and
fetches the card of that run, as anybody can of theirs.
"""

import io
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from benchmarks.report import machine
from tests.support.loop import API, wait_for_run
from tests.support.server import Server

FOLDER = Path(__file__).parent
CARD = "model-card.md"
LIVE = ("queued", "running")
TRAINING_S = 3_600.0


def main() -> None:
    """Train, fetch, and say how it was made."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), worker=True)
        try:
            archive = card_of_demo(server.start())
        finally:
            server.close()
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        files.extractall(FOLDER)
    text = (FOLDER / CARD).read_text(encoding="utf-8")
    (FOLDER / CARD).write_text(text + closing(), encoding="utf-8")
    sys.stdout.write(f"{FOLDER / CARD}\n")


def card_of_demo(server: Server) -> bytes:
    """The zipped card of a run on the demo, with the defaults."""
    with server.client() as client:
        job = client.post(f"{API}/demo").json()["id"]
        while client.get(f"{API}/jobs/{job}").json()["state"] in LIVE:
            time.sleep(1)
        asked = client.post(f"{API}/training-runs")
        assert asked.status_code == 202, asked.text
        run = wait_for_run(client, asked.json()["id"], TRAINING_S)
        assert run["state"] == "succeeded", run["error"]
        card = client.get(f"{API}/training-runs/{run['id']}/card?format=zip")
        assert card.status_code == 200, card.text
        return card.content


def closing() -> str:
    """What only this card knows: the command, the commit and the machine."""
    return f"\nThis page is written by `python -m docs.model_card`. {machine()}\n"


if __name__ == "__main__":
    main()
