"""What the four classes look like: for all to read, for admins to edit."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Request, Response

from app.actions import defining
from app.actions.context import Context
from app.domain.accounts import Account
from app.domain.definitions import LONGEST_TEXT, USUAL_TEXTS
from app.domain.errors import Conflict, InvalidInput
from app.web.access import Admin, Caller, World
from app.web.pages.parts import Key, to
from app.web.pages.sprites import sprite_of
from app.web.templating import page

router = APIRouter(prefix="/definitions")

ClassCode = Annotated[int, Path(ge=1, le=4)]
MOST_SENT = 4 * LONGEST_TEXT
"""Beyond what is kept: the refusal says by how much, and the text is still in its field."""


@router.get("")
def definitions_page(request: Request, context: World, account: Caller) -> Response:
    """Criteria and examples of each class."""
    return _definitions(request, context, account)


@router.post("/{label}")
def describe(
    request: Request,
    context: World,
    account: Admin,
    label: ClassCode,
    version: Annotated[int, Form(ge=0, le=2**31 - 1)],
    text: Annotated[str, Form(max_length=MOST_SENT, pattern=r"^[^\x00]*$")] = "",
) -> Response:
    """Keep other words; empty, the usual ones."""
    try:
        defining.describe(context, account, label, text, version)
    except (Conflict, InvalidInput) as error:
        return _definitions(
            request, context, account, status=error.status, problem=str(error), typed={label: text}
        )
    return to(f"/definitions#class-{label}")


@router.post("/examples/{component}")
def show_example(
    request: Request,
    context: World,
    account: Admin,
    component: Key,
    shown: Annotated[bool, Form()],
    back: Annotated[Literal["component", "definitions"], Form()] = "definitions",
) -> Response:
    """Show a component to everybody, or no longer."""
    try:
        defining.show_example(context, account, component, shown)
    except Conflict as error:
        return _definitions(request, context, account, status=error.status, problem=str(error))
    return to("/definitions" if back == "definitions" else f"/components/{component}")


def _definitions(
    request: Request,
    context: Context,
    account: Account,
    *,
    status: int = 200,
    problem: str = "",
    typed: dict[int, str] | None = None,
) -> Response:
    """The page. typed: what could not be kept, so that it is not lost."""
    found = defining.definitions_for(context, account)
    shown = {one.component for each in found for one in each.examples}
    more = defining.suggestions(context, account) if account.is_admin else {}
    offered = {
        label: [one for one in each if one.component not in shown] for label, each in more.items()
    }
    drawn = [one for each in found for one in each.examples]
    drawn += [one for each in offered.values() for one in each]
    return page(
        request,
        "definitions.html",
        status,
        here="definitions",
        definitions=found,
        offered=offered,
        changes=defining.history(context, account) if account.is_admin else [],
        usual={int(label): text for label, text in USUAL_TEXTS.items()},
        longest=LONGEST_TEXT,
        sprite=sprite_of([(one.component, one.content_hash) for one in drawn]),
        places={one.component: place for place, one in enumerate(drawn)},
        problem=problem,
        typed=typed or {},
    )
