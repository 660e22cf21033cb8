"""The classes' criteria and examples, as REST takes and shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.domain.definitions import LONGEST_TEXT, MOST_EXAMPLES
from app.web.api.schemas.values import Body, Number, Text


class DefinitionIn(Body):
    text: Text = Field(
        max_length=LONGEST_TEXT, description="plain; empty to go back to the usual words"
    )
    version: Annotated[int, Field(ge=0, le=2**31 - 1), Number] = Field(
        description="of the text that you read before you changed it"
    )


class ExampleOut(BaseModel):
    component: int
    recording: int
    people: int = Field(description="who answered it; all of them this class")
    chosen: bool = Field(description="by an admin, for everybody to see")


class DefinitionOut(BaseModel):
    label: int = Field(ge=1, le=4)
    title: str
    text: str
    usual: bool = Field(description="whether the words are those that Somata comes with")
    version: int = Field(description="of the text; 0 before the first change")
    changed_by: str | None
    changed_at: datetime | None
    examples: list[ExampleOut] = Field(max_length=MOST_EXAMPLES)


class DefinitionsOut(BaseModel):
    items: list[DefinitionOut] = Field(description="the four classes, by code")
    views: str | None = Field(description="where the masks of all these examples are")


class ExampleIn(Body):
    shown: Annotated[bool, Field(strict=True)]


class ExampleChosen(BaseModel):
    component: int
    shown: bool
