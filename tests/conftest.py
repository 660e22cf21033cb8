"""Fixtures that every folder of tests may use: the real services."""

from tests.support.chromium import browser
from tests.support.postgres import fresh_postgres_database, postgres, postgres_url

__all__ = ["browser", "fresh_postgres_database", "postgres", "postgres_url"]
