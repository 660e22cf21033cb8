"""Bearer tokens, by which programs act for an account."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.actions.accounts import as_account, clean_name, digest
from app.actions.context import Context
from app.domain.accounts import Account
from app.domain.errors import NotFound
from app.storage import labelers
from app.storage.tables import ApiToken

PREFIX = "somata_"  # a marker that secret scanners can look for


@dataclass(frozen=True)
class Token:
    """A live token as its owner's page shows it; the secret itself is not kept."""

    id: int
    name: str
    created_at: datetime


def create(context: Context, account: Account, name: str) -> str:
    """A new bearer token for this account; returns the secret, which is shown once."""
    secret = PREFIX + secrets.token_urlsafe(32)
    with context.database.write() as session:
        session.add(
            ApiToken(
                labeler_id=account.id,
                name=clean_name(name),
                token_hash=digest(secret),
                created_at=context.now(),
            )
        )
    return secret


def account_of(context: Context, token: str) -> Account | None:
    """The account of a bearer token, or None where it is unknown or revoked."""
    with context.database.ask() as connection:
        found = labelers.by_token(connection, digest(token))
    return None if found is None else as_account(found)


def listed(context: Context, account: Account) -> list[Token]:
    """The account's live tokens."""
    with context.database.read() as session:
        found: Sequence[ApiToken] = labelers.tokens_of(session, account.id)
        return [Token(one.id, one.name, one.created_at) for one in found]


def revoke(context: Context, account: Account, token_id: int) -> None:
    """End one of the account's tokens."""
    with context.database.write() as session:
        if not labelers.revoke_token(session, account.id, token_id, context.now()):
            raise NotFound("token", token_id)
