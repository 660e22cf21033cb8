"""Passwords in tests: hashed by argon2, as in use, but not slow on purpose."""

from collections.abc import Iterator

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.actions import accounts


@pytest.fixture(scope="session", autouse=True)
def usual_passwords() -> Iterator[PasswordHash]:
    """What hashes passwords outside of tests; nearly every test signs somebody in, and each time
    would take it a fifth of a second.
    """
    usual: PasswordHash = vars(accounts)["_passwords"]
    quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(accounts, "_passwords", PasswordHash((quick,)))
        yield usual
