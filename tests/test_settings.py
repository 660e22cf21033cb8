"""Settings: what they refuse, and that docs/settings.md tells the truth about each."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
ROW = re.compile(r"^\| `(SOMATA_[A-Z_]+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)

# The start script reads it before there is a Python to read settings with.
OF_THE_SCRIPT = {"SOMATA_PYTHON"}


def documented() -> dict[str, tuple[str, str]]:
    """Default and unit of each setting, as the document has them."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return {name: (default, unit) for name, default, unit, _ in ROW.findall(text)}


def test_every_setting_is_documented_and_no_other() -> None:
    settings = {f"SOMATA_{name.upper()}" for name in Settings.model_fields}
    assert set(documented()) - OF_THE_SCRIPT == settings


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_documented_default_is_the_real_one(name: str) -> None:
    default = Settings.model_fields[name].default
    shown, _ = documented()[f"SOMATA_{name.upper()}"]
    if default is None:
        assert shown == "none"
    elif isinstance(default, int | float):
        assert float(shown.strip("`")) == default
    else:
        assert shown == f"`{default}`"


def test_every_unit_in_a_name_or_description_is_in_the_document() -> None:
    units = {"mb": "MB", "days": "days", "hours": "hours", "minutes": "minutes", "seconds": "s"}
    for name, (_, unit) in documented().items():
        ending = name.rpartition("_")[2].lower()
        if ending in units:
            assert unit == units[ending], name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "70000"),
        ("port", "-1"),
        ("max_upload_mb", "0"),
        ("max_upload_mb", "much"),
        ("secret_key", "short"),
        ("lease_minutes", "0"),
        ("lease_minutes", "nan"),
        ("stale_seconds", "inf"),
        ("worker_niceness", "20"),
        ("log_level", "LOUD"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"SOMATA_{name.upper()}", value)
    with pytest.raises(ValidationError) as refusal:
        Settings()
    assert refusal.value.errors()[0]["loc"] == (name,)


def test_settings_come_from_a_dot_env_file_and_the_environment_goes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("SOMATA_PORT=8123\nSOMATA_LOG_LEVEL=debug\nOTHER=1\n")
    monkeypatch.setenv("SOMATA_PORT", "8124")
    settings = Settings()
    assert (settings.port, settings.log_level) == (8124, "DEBUG")


def test_settings_cannot_be_changed_later() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings(_env_file=None).__setattr__("port", 1)
