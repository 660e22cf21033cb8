"""Fixtures that every folder of tests may use: the real services."""

from tests.support.chromium import browser
from tests.support.labs import (
    postgres_lab,
    postgres_world,
    sqlite_lab,
    sqlite_template,
    sqlite_world,
    world,
)
from tests.support.passwords import usual_passwords
from tests.support.postgres import fresh_postgres_database, postgres, postgres_url

__all__ = [
    "browser",
    "fresh_postgres_database",
    "postgres",
    "postgres_lab",
    "postgres_url",
    "postgres_world",
    "sqlite_lab",
    "sqlite_template",
    "sqlite_world",
    "usual_passwords",
    "world",
]
