"""What bodies are made of. Examples stand with the fields; the description puts them together (`config.rest`)."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, StrictInt


def _reckoned(moment: datetime) -> datetime:
    """In one time zone, and of an age in which months can be added to it."""
    if not 1970 <= moment.year <= 2200:
        raise ValueError(_("This is too far away."))
    return moment.astimezone(UTC)


Id = Annotated[UUID, Field(examples=["7c9e6679-7425-40de-944b-e07fc1f90ae7"])]
Number = Annotated[StrictInt, Field(ge=1, le=2**31 - 1, examples=[7])]
When = Annotated[AwareDatetime, AfterValidator(_reckoned), Field(examples=["2026-11-26T09:00:00Z"])]
Day = Annotated[date, Field(examples=["2027-12-31"])]
Name = Annotated[str, Field(min_length=1, examples=["House rules"])]
Flag = StrictBool
Email = Annotated[str, Field(max_length=254, examples=["bob@example.org"])]
SEALED = "Null in works-council mode"
Audience = Literal["nobody", "named", "everyone"]


class Shape(BaseModel):
    """What goes out. `noted` are the fields that nobody enters: that they go on is no change by somebody else."""

    model_config = ConfigDict(extra="forbid")
    noted: ClassVar[frozenset[str]] = frozenset()


class Given(BaseModel):
    """What comes in: a field that nobody knows is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """What was named."""
        return self.model_dump(exclude_unset=True)


def left(**bounds: Any) -> Any:
    """The default of a field that may be left out of a change, but not be null."""
    return Field(default=None, **bounds)


class Offer(Given):
    """Who may use it."""

    audience: Audience
    people: list[Email] = Field([], max_length=500, examples=[["bob@example.org"]])
    teams: list[Number] = Field([], max_length=100, examples=[[1]])


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    class Field_(BaseModel):
        model_config = ConfigDict(title="WrongField")

        field: str = Field(examples=["title"])
        message: str = Field(examples=["This is too long."])

    type: str = Field(examples=["/api/v1/problems/not_found"])
    title: str = Field(examples=["There is nothing at this address, or it is not yours."])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is nothing at this address, or it is not yours."])
    code: str = Field(examples=["not_found"])
    errors: list[Field_] = Field([], examples=[[]])
