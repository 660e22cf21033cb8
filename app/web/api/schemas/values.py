"""What the bodies of REST are built of: numbers, text, codes and cursors, told apart strictly."""

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _only_a_number(value: object) -> object:
    # JSON tells numbers from text and truth values; pydantic by itself would convert them.
    if isinstance(value, str | bool):
        raise ValueError("a number is wanted, without quotes")  # noqa: TRY004 - pydantic's way
    return value


Number = BeforeValidator(_only_a_number)
# SQLite and PostgreSQL integers are signed; a larger key is a client's mistake, not a 500.
Key = Annotated[int, Field(ge=1, le=2**31 - 1), Number]
CURSOR = r"^(-?[0-9]{1,9}(\.[0-9]{1,20})?(e-[0-9]{1,2})?)?~[01]?[0-9]{1,9}$"
ID_CURSOR = "^~[01]?[0-9]{1,9}$"
Cursor = Annotated[str | None, Query(pattern=ID_CURSOR, description="`next` of the page before")]
SortedCursor = Annotated[str | None, Query(pattern=CURSOR, description="`next` of the page before")]
# PostgreSQL's text holds everything but NUL.
NO_NUL = r"^[^\x00]*$"
Text = Annotated[str, Field(pattern=NO_NUL)]
# What a training setting may be: no NaN, no nested surprises, nothing JSON cannot carry back.
Whole = Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)]
ConfigValue = (
    Annotated[bool, Field(strict=True)]
    | Whole
    | Annotated[float, Field(strict=True, allow_inf_nan=False)]
    | Annotated[str, Field(max_length=100, pattern=NO_NUL)]
    | Annotated[list[Whole], Field(max_length=20)]
    | Annotated[list[Annotated[str, Field(max_length=20, pattern=NO_NUL)]], Field(max_length=20)]
    | None
)
LabelCode = Annotated[
    int,
    Field(ge=1, le=4, description="1 neuron, 2 process, 3 noise, 4 doubtful neuron"),
    Number,
]
Strategy = Literal[
    "unlabeled",
    "entropy",
    "margin",
    "mutual_information",
    "dcal",
    "dal",
    "diverse",
    "quality",
    "random",
    "overlap",
    "process",
]
JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Body(BaseModel):
    """A request body: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """An error as RFC 9457 has it; `detail` says what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = None
