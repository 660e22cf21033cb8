"""People, programs and sources of labels; sessions, invites and tokens."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, Table, bindparam, select, update
from sqlalchemy.orm import Session

from app.storage.rows import AnyRow
from app.storage.tables import ApiToken, Labeler

NAME_LENGTH = 100


def by_name(session: Session, name: str) -> Labeler | None:
    """The labeler of that name, if any."""
    return session.execute(select(Labeler).where(Labeler.name == name)).scalar()


def by_id(session: Session, labeler_id: int) -> Labeler | None:
    """The labeler with that key, if any."""
    return session.get(Labeler, labeler_id)


def by_invite(session: Session, invite_hash: str, *, to_use: bool = False) -> Labeler | None:
    """The person whom this invite was made for, if it is not used up.

    to_use: whoever else would use it at the same time waits, and then finds it used up.
    """
    statement = select(Labeler).where(Labeler.invite_hash == invite_hash, Labeler.person)
    return session.execute(statement.with_for_update() if to_use else statement).scalar()


def lock_admins(session: Session) -> Sequence[int]:
    """The keys of all active admins; until this transaction ends, nobody else changes them."""
    statement = (
        select(Labeler.id)
        .where(Labeler.role == "admin", Labeler.active)
        .order_by(Labeler.id)
        .with_for_update()
    )
    return session.execute(statement).scalars().all()


_LABELERS = cast(Table, Labeler.__table__)
_TOKENS = cast(Table, ApiToken.__table__)
# Built once, past the mapper: every request asks one of these.
_ACCOUNT = select(
    _LABELERS.c.id,
    _LABELERS.c.name,
    _LABELERS.c.role,
    _LABELERS.c.active,
    _LABELERS.c.session_epoch,
)
_BY_TOKEN = _ACCOUNT.join(_TOKENS, _TOKENS.c.labeler_id == _LABELERS.c.id).where(
    _TOKENS.c.token_hash == bindparam("token_hash"),
    _TOKENS.c.revoked_at.is_(None),
    _LABELERS.c.active,
    _LABELERS.c.person,
)
_BY_KEY = _ACCOUNT.where(_LABELERS.c.id == bindparam("labeler_id"))


def by_token(connection: Connection, token_hash: str) -> AnyRow | None:
    """The active owner of a live token: id, name, role, active, session_epoch."""
    return connection.execute(_BY_TOKEN, {"token_hash": token_hash}).first()


def account(connection: Connection, labeler_id: int) -> AnyRow | None:
    """Whose session it is: id, name, role, active, session_epoch."""
    return connection.execute(_BY_KEY, {"labeler_id": labeler_id}).first()


def people(session: Session) -> Sequence[Labeler]:
    """Everybody who can sign in or hold a token, by name."""
    return (
        session.execute(select(Labeler).where(Labeler.person).order_by(Labeler.name))
        .scalars()
        .all()
    )


def names(session: Session, labeler_ids: Collection[int]) -> dict[int, str]:
    """What these are called, by key."""
    statement = select(Labeler.id, Labeler.name).where(Labeler.id.in_(labeler_ids))
    return {row.id: row.name for row in session.execute(statement)}


def someone_signed_up(session: Session) -> bool:
    """Whether there is an admin who can sign in."""
    statement = select(Labeler.id).where(
        Labeler.role == "admin", Labeler.password_hash.is_not(None), Labeler.active
    )
    return session.execute(statement.limit(1)).first() is not None


def others_take_part(session: Session, labeler_id: int) -> bool:
    """Whether anybody else has chosen a password and is active."""
    statement = select(Labeler.id).where(
        Labeler.id != labeler_id, Labeler.password_hash.is_not(None), Labeler.active
    )
    return session.execute(statement.limit(1)).first() is not None


def source(session: Session, name: str, now: datetime) -> int:
    """The key of the annotator that a file's own labels are filed under, made if new."""
    chosen, number = name[:NAME_LENGTH], 1
    # A person may have the very name of a source; their answers must not mix.
    while (found := by_name(session, chosen)) is not None and found.person:
        ending = " (file)" if number == 1 else f" (file {number})"
        chosen, number = name[: NAME_LENGTH - len(ending)] + ending, number + 1
    if found is None:
        found = Labeler(name=chosen, role="labeler", person=False, created_at=now)
        session.add(found)
        session.flush()
    return found.id


def tokens_of(session: Session, labeler_id: int) -> Sequence[ApiToken]:
    """The live tokens of one account, oldest first."""
    statement = (
        select(ApiToken)
        .where(ApiToken.labeler_id == labeler_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.id)
    )
    return session.execute(statement).scalars().all()


def revoke_token(session: Session, labeler_id: int, token_id: int, now: datetime) -> bool:
    """End one of this account's tokens; False where it has no such live token."""
    ended = session.execute(
        update(ApiToken)
        .where(
            ApiToken.id == token_id,
            ApiToken.labeler_id == labeler_id,
            ApiToken.revoked_at.is_(None),
        )
        .values(revoked_at=now)
        .returning(ApiToken.id)
    )
    return ended.first() is not None
