"""Notes on components: what a labeler wants remembered beside the answer."""

from dataclasses import dataclass
from uuid import UUID

from app.actions.context import Context
from app.actions.views import NoteView, note_view
from app.domain.accounts import Account
from app.domain.errors import Conflict, NotFound
from app.storage import components, notes
from app.storage.database import lock_event_log


@dataclass(frozen=True)
class Noted:
    """A note as it arrives. text: empty to take one's earlier notes on the component back."""

    id: UUID
    component: int
    text: str


def write(context: Context, account: Account, noted: Noted) -> NoteView:
    """Append a note; it stands in place of one's earlier ones on the component.

    The same id again is harmless. Raises NotFound, or Conflict where the id was used for
    something else.
    """
    text = noted.text.strip()
    with context.database.write() as session:
        # Two requests with one id follow one another: the second then finds the first.
        lock_event_log(session)
        if not components.existing(session, [noted.component]):
            raise NotFound("component", noted.component)
        found = notes.with_uuid(session, noted.id)
        if found is not None:
            told = (found.labeler_id, found.component_id, found.text)
            if told != (account.id, noted.component, text):
                raise Conflict(f"The id {noted.id} was used for something else. Make a new one.")
            return note_view(found)
        now = context.now()
        values = {
            "uuid": noted.id,
            "component_id": noted.component,
            "labeler_id": account.id,
            "text": text,
            "created_at": now,
        }
        notes.append(session, values)
    return NoteView(noted.component, account.name, text, now)


def own(context: Context, account: Account, component_id: int) -> NoteView | None:
    """One's own note on this component, or None. Nobody else's: it is asked before the answer.

    Raises NotFound.
    """
    with context.database.read() as session:
        if not components.existing(session, [component_id]):
            raise NotFound("component", component_id)
        rows = notes.standing(session, [component_id])
    return next((note_view(row) for row in rows if row.labeler_id == account.id), None)
