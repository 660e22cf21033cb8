"""`/definitions`: what the four classes look like, in words and by examples."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.actions import defining
from app.actions.defining import DefinitionView
from app.domain.labels import Label
from app.web.access import Admin, Caller, World
from app.web.api import present
from app.web.api.schemas.definitions import (
    DefinitionIn,
    DefinitionOut,
    DefinitionsOut,
    ExampleChosen,
    ExampleIn,
    ExampleOut,
)
from app.web.problems import responses

router = APIRouter(prefix="/definitions", tags=["definitions"])

ClassCode = Annotated[int, Path(ge=1, le=4, description="1 neuron, 2 process, 3 noise, 4 doubtful")]
ComponentId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("", responses=responses(401))
def get_definitions(context: World, account: Caller) -> DefinitionsOut:
    """Criteria and examples of the four classes. Examples are components that admins chose, and
    such as you have answered yourself and are not in an open round: no label is shown before
    your own answer. First those on which most people agree, of as many recordings as possible.
    """
    found = defining.definitions_for(context, account)
    shown = [(one.component, one.content_hash) for each in found for one in each.examples]
    return DefinitionsOut(
        items=[_out(one) for one in found], views=present.views_of(shown, ["mask"])
    )


@router.put("/{label}", responses=responses(400, 401, 403, 409, 413, 422))
def describe(context: World, account: Admin, label: ClassCode, body: DefinitionIn) -> DefinitionOut:
    """Put a class's criteria in other words. 409 where somebody did so after you had read them."""
    defining.describe(context, account, label, body.text, body.version)
    return _out(defining.definition_for(context, account, label))


@router.put("/examples/{component}", responses=responses(400, 401, 403, 404, 409, 413, 422))
def show_example(
    context: World, account: Admin, component: ComponentId, body: ExampleIn
) -> ExampleChosen:
    """Show a component to everybody as an example of its class, or no longer. While it is shown,
    no round and no second opinion asks for it. 409 where it cannot be one.
    """
    defining.show_example(context, account, component, body.shown)
    return ExampleChosen(component=component, shown=body.shown)


def _out(one: DefinitionView) -> DefinitionOut:
    return DefinitionOut(
        label=one.label,
        title=Label(one.label).title,
        text=one.text,
        usual=one.usual,
        version=one.version,
        changed_by=one.changed_by,
        changed_at=one.changed_at,
        examples=[ExampleOut.model_validate(each, from_attributes=True) for each in one.examples],
    )
