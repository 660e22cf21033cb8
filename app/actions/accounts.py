"""People and programs: invites, passwords, sessions' epochs."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from pwdlib import PasswordHash
from sqlalchemy.orm import Session

from app.actions.context import Context, require_admin
from app.domain.accounts import Account, Role
from app.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotSignedIn
from app.storage import labelers
from app.storage.rows import AnyRow
from app.storage.tables import Labeler

MIN_PASSWORD_LENGTH = 8

_passwords = PasswordHash.recommended()


@cache
def _nobody() -> str:
    """Checked when there is no such name, so that the time taken does not tell which names exist.

    Made at the first use: argon2 is slow on purpose, and importing has no effects.
    """
    return _passwords.hash(secrets.token_hex(16))


@dataclass(frozen=True)
class Person:
    """Somebody as the people page shows them."""

    id: int
    name: str
    role: Role
    active: bool
    signed_up: bool
    created_at: datetime


def sign_in(context: Context, name: str, password: str) -> tuple[Account, int]:
    """The account and its session epoch. Raises NotSignedIn for a wrong name or password."""
    with context.database.read() as session:
        found = labelers.by_name(session, name.strip())
    stored = found.password_hash if found and found.active and found.person else None
    # Argon2 takes tens of milliseconds on purpose: never inside a transaction.
    fits = _passwords.verify(password, stored or _nobody())
    if found is None or stored is None or not fits:
        raise NotSignedIn("Name and password do not fit. Try again, or ask an admin for an invite.")
    return as_account(found), found.session_epoch


def account_of_session(context: Context, labeler_id: int, epoch: int) -> Account | None:
    """The account of a signed session, or None where it has ended."""
    with context.database.ask() as connection:
        found = labelers.account(connection, labeler_id)
    if found is None or not found.active or found.session_epoch != epoch:
        return None
    return as_account(found)


def add_person(context: Context, name: str, role: Role) -> str:
    """Invite somebody; returns the invite's secret, which is shown once.

    Raises Conflict where the name is taken by somebody who has signed up. A second invite for
    somebody who has not replaces the first.
    """
    name = clean_name(name)
    with context.database.write() as session:
        found = labelers.by_name(session, name)
        if found is not None and (found.password_hash is not None or not found.person):
            raise Conflict(f"There is already somebody named {name}. Choose another name.")
        if found is None:
            found = _new(context, session, name, role)
        found.role = role.value
        return _invite(context, found)


def invite_again(context: Context, by: Account, labeler_id: int) -> str:
    """A fresh invite for somebody who lost the link or the password."""
    require_admin(by)
    with context.database.write() as session:
        return _invite(context, _person(session, labeler_id))


def first_admin_invite(context: Context) -> str | None:
    """The invite for the first admin, until one has signed up; then None."""
    with context.database.write() as session:
        if labelers.someone_signed_up(session):
            return None
        found = labelers.by_name(session, "admin") or _new(context, session, "admin", Role.ADMIN)
        if not found.person:
            # A file's labels were imported under that very name before anybody signed up.
            found.name = f"admin (file {found.id})"
            session.flush()
            found = _new(context, session, "admin", Role.ADMIN)
        found.role, found.active = Role.ADMIN.value, True
        return _invite(context, found)


def invited_name(context: Context, secret: str) -> str:
    """Whom an invite is for. Raises NotFound where it is used up, expired or made up."""
    with context.database.read() as session:
        return _invited(context, session, secret).name


def accept_invite(context: Context, secret: str, name: str, password: str) -> tuple[Account, int]:
    """Choose name and password, use the invite up, and be signed in."""
    name = clean_name(name)
    hashed = _hash_password(password)
    with context.database.write() as session:
        found = _invited(context, session, secret, to_use=True)
        other = labelers.by_name(session, name)
        if other is not None and other.id != found.id:
            raise Conflict(f"There is already somebody named {name}. Choose another name.")
        found.name, found.password_hash = name, hashed
        found.invite_hash = found.invite_expires_at = None
        found.session_epoch += 1
        return as_account(found), found.session_epoch


def change_password(context: Context, account: Account, old: str, new: str) -> int:
    """Set a new password; every other session ends. Returns the new session epoch."""
    sign_in(context, account.name, old)
    hashed = _hash_password(new)
    with context.database.write() as session:
        found = _person(session, account.id)
        found.password_hash = hashed
        found.session_epoch += 1
        return found.session_epoch


def sign_out_everywhere(context: Context, account: Account) -> None:
    """End every session of this account."""
    with context.database.write() as session:
        _person(session, account.id).session_epoch += 1


def set_role(context: Context, by: Account, labeler_id: int, role: Role) -> None:
    """Make somebody admin or labeler. Nobody changes their own role: a last admin would lock
    the lab out.
    """
    require_admin(by)
    if by.id == labeler_id:
        raise Conflict("You cannot change your own role. Ask another admin.")
    with context.database.write() as session:
        _require_still_admin(session, by)
        _person(session, labeler_id).role = role.value


def set_active(context: Context, by: Account, labeler_id: int, active: bool) -> None:
    """Let somebody in or keep them out; their labels stay."""
    require_admin(by)
    if by.id == labeler_id:
        raise Conflict("You cannot deactivate yourself. Ask another admin.")
    with context.database.write() as session:
        _require_still_admin(session, by)
        found = _person(session, labeler_id)
        found.active = active
        found.session_epoch += 1


def people(context: Context, by: Account) -> list[Person]:
    """Everybody who can sign in, by name."""
    require_admin(by)
    with context.database.read() as session:
        return [
            Person(
                id=found.id,
                name=found.name,
                role=Role(found.role),
                active=found.active,
                signed_up=found.password_hash is not None,
                created_at=found.created_at,
            )
            for found in labelers.people(session)
        ]


def is_alone(context: Context, account: Account) -> bool:
    """Whether nobody else can sign in: settling a discussion takes two."""
    with context.database.read() as session:
        return not labelers.others_take_part(session, account.id)


def account_for_program(context: Context, name: str, role: Role) -> tuple[Account, bool]:
    """The account a command-line token is for, and whether it was made just now.

    Only the command line calls this: who reaches the data folder is the owner of it.
    """
    name = clean_name(name)
    with context.database.write() as session:
        found = labelers.by_name(session, name)
        if found is not None and not (found.person and found.active):
            raise NotAllowed(f"{name} is deactivated or a source of labels. Choose another name.")
        made = found is None
        if found is None:
            found = _new(context, session, name, role)
        return as_account(found), made


def clean_name(name: str) -> str:
    """A name as it is stored. Raises InvalidInput where it is empty, long or has control codes."""
    name = name.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise InvalidInput("A name has 1 to 100 printable characters.")
    return name


def _new(context: Context, session: Session, name: str, role: Role) -> Labeler:
    found = Labeler(name=name, role=role.value, person=True, created_at=context.now())
    session.add(found)
    session.flush()
    return found


def _invite(context: Context, found: Labeler) -> str:
    secret = secrets.token_urlsafe(24)
    found.invite_hash = digest(secret)
    found.invite_expires_at = context.now() + timedelta(hours=context.settings.invite_hours)
    return secret


def _invited(context: Context, session: Session, secret: str, *, to_use: bool = False) -> Labeler:
    found = labelers.by_invite(session, digest(secret), to_use=to_use)
    expires_at = None if found is None else found.invite_expires_at
    if found is None or not found.active or expires_at is None or expires_at <= context.now():
        raise NotFound("invite", "of that address, or it is used up or expired: ask for a new one")
    return found


def _person(session: Session, labeler_id: int) -> Labeler:
    found = labelers.by_id(session, labeler_id)
    if found is None or not found.person:
        raise NotFound("person", labeler_id)
    return found


def _require_still_admin(session: Session, by: Account) -> None:
    """Raises NotAllowed where another admin has just taken the role away: of two who shut each
    other out at once, one stays.
    """
    if by.id not in labelers.lock_admins(session):
        raise NotAllowed("You are no longer an admin. Ask one of your lab's admins.")


def _hash_password(password: str) -> str:
    if not MIN_PASSWORD_LENGTH <= len(password) <= 1000:
        raise InvalidInput(f"A password has at least {MIN_PASSWORD_LENGTH} characters.")
    return _passwords.hash(password)


def digest(secret: str) -> str:
    """What is kept of a secret."""
    # A plain hash is enough: these secrets are long and random, unlike passwords.
    return hashlib.sha256(secret.encode()).hexdigest()


def as_account(found: Labeler | AnyRow) -> Account:
    """Who a stored row is."""
    return Account(id=found.id, name=found.name, role=Role(found.role))
