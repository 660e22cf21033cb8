"""Fixtures of the web tests."""

from tests.support.loop import trained_server

__all__ = ["trained_server"]
