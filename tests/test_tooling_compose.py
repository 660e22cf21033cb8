"""docker-compose.yml and the Dockerfile say what Somata understands.

There is no container engine in the tests, so what an engine would find is checked one by one:
the file against the compose specification's own schema, and every name in it against the code.
"""

import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from sqlalchemy import make_url

from app.settings import Settings

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def with_defaults(value: str) -> str:
    """`${NAME:-default}` as compose fills it in where NAME is not set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def app_arguments(command: list[str]) -> list[str]:
    """What follows `python -m app` in a command or a health check."""
    start = command.index("app") + 1
    assert command[start - 3 : start] == ["python", "-m", "app"]
    return command[start:]


def help_of(subcommand: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "app", subcommand, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_file_keeps_to_the_compose_specification():
    schemas = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / "compose-spec.json").read_text())
    jsonschema.validate(COMPOSE, schema)


def test_web_worker_and_database_are_there_and_each_tells_its_health():
    assert set(SERVICES) == {"web", "worker", "postgres"}
    for name, service in SERVICES.items():
        assert service["healthcheck"]["test"][0] == "CMD", name


def test_nobody_starts_before_what_it_needs_is_healthy():
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in SERVICES[needed]
    assert set(SERVICES["worker"]["depends_on"]) == {"web", "postgres"}


def test_every_volume_is_declared():
    for service in SERVICES.values():
        for volume in service["volumes"]:
            assert volume.split(":")[0] in COMPOSE["volumes"]


@pytest.mark.parametrize("name", ["web", "worker"])
def test_every_somata_variable_is_a_setting(name: str):
    environment = SERVICES[name]["environment"]
    settings = {f"SOMATA_{field.upper()}" for field in Settings.model_fields}
    assert set(environment) <= settings


@pytest.mark.parametrize("name", ["web", "worker"])
def test_the_settings_that_the_services_get_are_accepted(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    for variable, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(variable, with_defaults(value))
    assert not Settings().is_sqlite


@pytest.mark.parametrize("name", ["web", "worker"])
def test_the_database_url_opens_the_database_that_postgres_makes(name: str):
    url = make_url(with_defaults(SERVICES[name]["environment"]["SOMATA_DATABASE_URL"]))
    postgres = SERVICES["postgres"]["environment"]
    assert url.drivername == "postgresql+psycopg"
    assert url.host in SERVICES
    assert url.username == postgres["POSTGRES_USER"]
    assert url.password == with_defaults(postgres["POSTGRES_PASSWORD"])
    assert url.database == postgres["POSTGRES_DB"]


@pytest.mark.parametrize(
    "command",
    [
        SERVICES["web"]["command"],
        SERVICES["worker"]["command"],
        SERVICES["worker"]["healthcheck"]["test"],
    ],
    ids=["web", "worker", "worker health"],
)
def test_every_command_and_option_exists(command: list[str]):
    subcommand, *options = app_arguments(command)
    text = help_of(subcommand)
    for option in options:
        if option.startswith("--"):
            assert re.search(rf"{option}\b", text), f"{subcommand} has no {option}"


def test_the_image_copies_only_what_exists_and_what_is_not_ignored():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in ignored


def test_the_image_does_not_run_as_root():
    users = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert users[-1:] not in ([], ["root"], ["0"])
