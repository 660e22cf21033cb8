"""What the classes are called by: their criteria in words, and examples from the recordings.

An example comes with its label, so that whoever may still be asked about it must not see it: see
docs/decisions/0021.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.actions.context import Context, require_admin
from app.domain.accounts import Account
from app.domain.definitions import LONGEST_TEXT, MOST_EXAMPLES, USUAL_TEXTS
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.labels import Label
from app.storage import components, definitions, examples
from app.storage.database import lock_event_log, lock_queue
from app.storage.rows import AnyRow

MOST_HISTORY = 100


@dataclass(frozen=True)
class ExampleView:
    """A component that shows what a class looks like.

    people: how many answered; all of them this class. chosen: by an admin, for everybody.
    """

    component: int
    recording: int
    content_hash: str
    people: int
    chosen: bool


@dataclass(frozen=True)
class DefinitionView:
    """A class's criteria and examples, as one person may see them.

    usual: whether the text is the one that Somata comes with. version: of the text; 0 before the
    first change. changed_by, changed_at: None before it.
    """

    label: int
    text: str
    usual: bool
    version: int
    changed_by: str | None
    changed_at: datetime | None
    examples: list[ExampleView]


@dataclass(frozen=True)
class DefinitionChange:
    """What somebody wrote; an empty text went back to the usual one."""

    label: int
    text: str
    changed_by: str
    changed_at: datetime


def definitions_for(context: Context, viewer: Account) -> list[DefinitionView]:
    """The four classes, with the examples that this person may see."""
    with context.database.read() as session:
        return _definitions(session, viewer)


def definition_for(context: Context, viewer: Account, label: int) -> DefinitionView:
    """One of them."""
    return next(one for one in definitions_for(context, viewer) if one.label == label)


def suggestions(context: Context, by: Account) -> dict[int, list[ExampleView]]:
    """For admins: what might be chosen of each class, the surest first."""
    require_admin(by)
    with context.database.read() as session:
        return _by_label(examples.suggestions(session, context.now(), by.id))


def history(context: Context, by: Account) -> list[DefinitionChange]:
    """For admins: what was written when, and by whom, the newest first."""
    require_admin(by)
    with context.database.read() as session:
        return [
            DefinitionChange(row.label, row.text, row.labeler, row.created_at)
            for row in definitions.history(session, MOST_HISTORY)
        ]


def describe(context: Context, by: Account, label: int, text: str, version: int) -> None:
    """Put a class's criteria in other words; empty, to go back to the usual ones.

    version: of the text that was changed. Raises Conflict where another has been written since,
    InvalidInput for a text that is too long.
    """
    require_admin(by)
    # A form sends its line ends as two characters.
    text = text.replace("\r\n", "\n").strip()
    if text == USUAL_TEXTS[label]:
        text = ""
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(
            f"The criteria have {len(text):,} characters and may have {LONGEST_TEXT:,}: they are "
            "read beside the mask. Say it in fewer words."
        )
    with context.database.write() as session:
        # Two changes of one version follow one another: the second then finds the first.
        lock_event_log(session)
        found = definitions.texts(session).get(label)
        if version != (0 if found is None else found.id):
            raise Conflict(_changed_meanwhile(label, found))
        if text != ("" if found is None else found.text):
            definitions.write(session, label, text, by.id, context.now())


def _changed_meanwhile(label: int, found: AnyRow | None) -> str:
    what = f"The criteria of {Label(label).title}"
    if found is None:
        return f"{what} have no such version; nobody has changed them yet, so theirs is 0."
    return (
        f"{what} were changed by {found.labeler} at {found.created_at:%H:%M:%S} UTC, after you "
        f"read them. Read version {found.id}, then write yours again."
    )


def is_example(context: Context, component_id: int) -> bool:
    """Whether an admin shows this component to everybody."""
    with context.database.read() as session:
        return examples.is_chosen(session, component_id)


def show_example(context: Context, by: Account, component_id: int, shown: bool) -> bool:
    """Show a component to everybody as an example of its class, or no longer.

    Returns whether that changed anything. Raises NotFound, and Conflict where people have not
    answered it alike, somebody is still to look at it blind, or its class has enough examples.
    """
    require_admin(by)
    with context.database.write() as session:
        # The queue hands out no example, so what is handed out must not become one meanwhile.
        lock_queue(session)
        found = components.one(session, component_id)
        if found is None:
            raise NotFound("component", component_id)
        if examples.is_chosen(session, component_id) == shown:
            return False
        if shown:
            _check(session, found, by, context.now())
        examples.choose(session, component_id, shown, by.id, context.now())
        return True


def _check(session: Session, found: AnyRow, by: Account, now: datetime) -> None:
    """Raises Conflict where this component cannot become an example."""
    what = f"Component {found.id}"
    if found.people == 0:
        raise Conflict(
            f"{what} cannot be an example yet: no person has answered it. Label it first."
        )
    if found.disagreement:
        raise Conflict(f"{what} cannot be an example: people disagree on it. Choose a clearer one.")
    look = examples.looks_to_come(session, found.id, by.id, now)
    if look.in_open_round:
        raise Conflict(
            f"{what} is in an open round, which looks at it blind. Close the round, or choose "
            "another."
        )
    if look.is_leased:
        raise Conflict(f"Somebody has {what.lower()} on screen, blind. Try again in a while.")
    if examples.count_chosen(session, found.label) >= MOST_EXAMPLES:
        raise Conflict(
            f"{Label(found.label).title} has {MOST_EXAMPLES} chosen examples. Take one away first."
        )


def _definitions(session: Session, viewer: Account) -> list[DefinitionView]:
    written = definitions.texts(session)
    shown = _by_label(examples.examples_for(session, viewer.id))
    return [_definition(label, written.get(label), shown.get(label, [])) for label in Label]


def _definition(label: Label, written: AnyRow | None, shown: list[ExampleView]) -> DefinitionView:
    text = "" if written is None else written.text
    return DefinitionView(
        label=int(label),
        text=text or USUAL_TEXTS[label],
        usual=not text,
        version=0 if written is None else written.id,
        changed_by=None if written is None else written.labeler,
        changed_at=None if written is None else written.created_at,
        examples=shown,
    )


def _by_label(rows: Sequence[AnyRow]) -> dict[int, list[ExampleView]]:
    found: dict[int, list[ExampleView]] = {}
    for row in rows:
        one = ExampleView(
            row.component_id, row.recording_id, row.content_hash, row.people, bool(row.chosen)
        )
        found.setdefault(row.label, []).append(one)
    return found
