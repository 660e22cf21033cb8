"""Who may do what."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """`labeler` answers; `admin` also imports, trains, opens rounds and manages people."""

    LABELER = "labeler"
    ADMIN = "admin"


@dataclass(frozen=True)
class Account:
    """A person or a program that is signed in."""

    id: int
    name: str
    role: Role

    @property
    def is_admin(self) -> bool:
        """Whether admin actions are open to this account."""
        return self.role is Role.ADMIN
