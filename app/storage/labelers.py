"""People, programs and sources of labels; sessions, invites and tokens."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.storage.tables import ApiToken, Labeler


def by_name(session: Session, name: str) -> Labeler | None:
    """The labeler of that name, if any."""
    return session.execute(select(Labeler).where(Labeler.name == name)).scalar()


def by_id(session: Session, labeler_id: int) -> Labeler | None:
    """The labeler with that key, if any."""
    return session.get(Labeler, labeler_id)


def by_invite(session: Session, invite_hash: str) -> Labeler | None:
    """The labeler whom this invite was made for, if it is not used up."""
    return session.execute(select(Labeler).where(Labeler.invite_hash == invite_hash)).scalar()


def by_token(session: Session, token_hash: str) -> Labeler | None:
    """The active owner of a live token."""
    return session.execute(
        select(Labeler)
        .join(ApiToken, ApiToken.labeler_id == Labeler.id)
        .where(
            ApiToken.token_hash == token_hash,
            ApiToken.revoked_at.is_(None),
            Labeler.active,
            Labeler.person,
        )
    ).scalar()


def people(session: Session) -> Sequence[Labeler]:
    """Everybody who can sign in or hold a token, by name."""
    return (
        session.execute(select(Labeler).where(Labeler.person).order_by(Labeler.name))
        .scalars()
        .all()
    )


def someone_signed_up(session: Session) -> bool:
    """Whether any admin has ever set a password."""
    statement = select(Labeler.id).where(
        Labeler.role == "admin", Labeler.password_hash.is_not(None), Labeler.active
    )
    return session.execute(statement.limit(1)).first() is not None


def source(session: Session, name: str, now: datetime) -> int:
    """The key of the annotator that a file's own labels are filed under, made if new."""
    found = by_name(session, name)
    if found is None or found.person:
        # A person may have the very name of a source; their answers must not mix.
        unique = name if found is None else f"{name} (file)"
        found = by_name(session, unique) if found is not None else None
        if found is None:
            found = Labeler(name=unique, role="labeler", person=False, created_at=now)
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
