"""Label Studio beside us: installed, started, given tasks and labelers, over its own REST API."""

import os
import re
import subprocess
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.serving import Client, free_port, wait_until_healthy

VERSION = "1.23.2"
START_WAIT_S = 300.0
"""Its first start migrates an empty database, which takes a minute or more."""

PASSWORD = "a password for a benchmark"  # noqa: S105 - of a server on loopback, for minutes
ADMIN_TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - likewise
CLASSES = ("neuron", "process", "noise", "doubtful")
LABEL_CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="class" toName="text">'
    + "".join(f'<Choice value="{name}"/>' for name in CLASSES)
    + "</Choices></View>"
)


def install(folder: Path) -> Path:
    """Its program, in a virtual environment in this folder, which is kept for the next time.

    Raises SystemExit where pip cannot install it.
    """
    program = folder / "bin" / "label-studio"
    if program.exists():
        return program
    print(f"Installing label-studio=={VERSION} into {folder}; this takes some minutes.")
    venv.create(folder, with_pip=True)
    log = folder / "pip.log"
    with log.open("wb") as out:
        wanted = [str(folder / "bin" / "pip"), "install", f"label-studio=={VERSION}"]
        done = subprocess.run(wanted, stdout=out, stderr=out, check=False)
    if done.returncode != 0 or not program.exists():
        raise SystemExit(
            f"pip could not install label-studio=={VERSION}: it needs a package index within "
            f"reach. {log} says more. Run this again when there is one."
        )
    return program


@contextmanager
def serving(program: Path, data_dir: Path) -> Iterator[int]:
    """It, as `label-studio start` runs it, with SQLite; yields its port."""
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "LATEST_VERSION_CHECK": "0",
        "COLLECT_ANALYTICS": "0",
    }
    arguments = [
        "--no-browser",
        *("--internal-host", "127.0.0.1", "--port", str(port)),
        *("--data-dir", str(data_dir), "--log-level", "ERROR"),
        *("--username", address(0), "--password", PASSWORD),
        *("--user-token", ADMIN_TOKEN, "--enable-legacy-api-token"),
    ]
    data_dir.mkdir(parents=True)
    with (data_dir / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [str(program), "start", *arguments],
            env=environment,
            cwd=data_dir,
            stdout=log,
            stderr=log,
        )
        try:
            wait_until_healthy(Client(port, "", base=""), START_WAIT_S)
            yield port
        finally:
            server.terminate()
            server.wait(30)


def address(number: int) -> str:
    """The address that a labeler signs in with."""
    return f"labeler{number}@bench.example"


def add_tasks(port: int, tasks: int) -> int:
    """A project with this many tasks of a line of text; returns its key."""
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Authorization": f"Token {ADMIN_TOKEN}"},
        timeout=600,
        trust_env=False,
    ) as admin:
        made = admin.post("/api/projects", json={"title": "bench", "label_config": LABEL_CONFIG})
        project: int = made.raise_for_status().json()["id"]
        rows = [{"text": f"component {number}"} for number in range(tasks)]
        admin.post(f"/api/projects/{project}/import", json=rows).raise_for_status()
    return project


def add_labelers(port: int, count: int) -> list[str]:
    """People who sign up by the invite link; returns a token of each."""
    base = f"http://127.0.0.1:{port}"
    admin = Client(port, ADMIN_TOKEN, base="", scheme="Token")
    invite = httpx.Response(200, content=admin.get("/api/invite")[1]).json()["invite_url"]
    tokens = []
    for number in range(1, count + 1):
        with httpx.Client(base_url=base, timeout=120, trust_env=False) as browser:
            page = browser.get(invite).raise_for_status().text
            hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
            if hidden is None:
                raise SystemExit("Label Studio's sign-up page is not as it was in " + VERSION)
            form = {"csrfmiddlewaretoken": hidden[1], "email": address(number)}
            browser.post(invite, data={**form, "password": PASSWORD}, headers={"Referer": base})
            answer = browser.get("/api/current-user/token").raise_for_status()
            tokens.append(str(answer.json()["token"]))
    return tokens


class LabelStudioDesk:
    """A labeler of Label Studio with one connection; it hands out one task at a time."""

    def __init__(self, port: int, token: str, project: int) -> None:
        self.client = Client(port, token, base="", scheme="Token")
        self.project = project

    def health(self) -> float:
        """GET /health."""
        return self.client.get("/health")[0]

    def next(self) -> tuple[float, list[dict[str, Any]]]:
        """GET /api/projects/{id}/next."""
        seconds, answer = self.client.get(f"/api/projects/{self.project}/next")
        found = re.match(rb'{"id":\s*(\d+)', answer)
        if found is None:
            raise RuntimeError(f"no task: {answer[:300]!r}")
        return seconds, [{"task": int(found[1])}]

    def save(self, item: dict[str, Any]) -> float:
        """POST /api/tasks/{id}/annotations/."""
        chosen = CLASSES[item["task"] % 4]
        result = {
            "from_name": "class",
            "to_name": "text",
            "type": "choices",
            "value": {"choices": [chosen]},
        }
        body = {"result": [result], "lead_time": 1.0}
        return self.client.post(f"/api/tasks/{item['task']}/annotations/", body)[0]
