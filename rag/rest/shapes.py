from typing import Literal

from pydantic import ConfigDict, Field

from accounts.rest.shapes import Day, Flag, Given, Id, Name, Number, Shape, When, left
from rag.models import Collection, CollectionShare, Document
from rag.searching import Hit

DataClass = Literal["open", "internal", "confidential"]
ShareRole = Literal["viewer", "editor"]
Status = Literal["queued", "parsing", "embedding", "ready", "failed", "cancelled"]


class CollectionShape(Shape):
    id: Id
    name: Name
    purpose: str
    owner: Id | None
    team: Number | None
    data_class: DataClass
    valid_until: Day | None
    created_at: When

    @classmethod
    def of(cls, found: Collection) -> "CollectionShape":
        same = ("id", "name", "purpose", "data_class", "valid_until", "created_at")
        return cls(**{name: getattr(found, name) for name in same}, owner=found.owner_id, team=found.team_id)


class CollectionChange(Given):
    name: str = left(min_length=1, max_length=150)
    purpose: str = left(max_length=500)
    data_class: DataClass = left()
    valid_until: Day | None = None


class NewCollection(CollectionChange):
    name: str = Field(min_length=1, max_length=150, examples=["House rules"])
    team: Number | None = Field(None, description="One that the caller leads; the caller's own without one.")


class MemberShape(Shape):
    """With whom a collection is shared: a person or a team."""

    id: Number
    user: Id | None
    team: Number | None
    role: ShareRole

    @classmethod
    def of(cls, share: CollectionShare) -> "MemberShape":
        return cls.model_validate({"id": share.pk, "user": share.user_id, "team": share.team_id, "role": share.role})


class NewMember(Given):
    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "bob@example.org", "role": "viewer"}]})

    email: str = Field("", max_length=254, examples=["bob@example.org"])
    team: Number | None = None
    role: ShareRole


class DocumentShape(Shape):
    id: Id
    collection: Id
    name: str = Field(examples=["rules.pdf"])
    folder: str
    media_type: str = Field(examples=["application/pdf"])
    size: int
    sha256: str
    version: int
    language: str = Field(examples=["de"])
    status: Status
    reason: str = Field(description="Why it was not read, or what of it was not.")
    done: int = Field(description="Pages read or parts indexed so far, of `total`.")
    total: int
    replaces: Id | None = Field(description="The document of which this becomes the new version.")
    created_at: When

    @classmethod
    def of(cls, found: Document) -> "DocumentShape":
        special = {"collection", "reason", "replaces"}
        same = {name: getattr(found, name) for name in cls.model_fields if name not in special}
        reason = found.reason or found.remark
        return cls(**same, collection=found.collection_id, reason=reason, replaces=found.replaces_id)


class Uploaded(DocumentShape):
    already_there: Flag = Field(description="The collection held this very content before.")

    @classmethod
    def of(cls, found: Document) -> "Uploaded":
        return cls(**DocumentShape.of(found).model_dump(), already_there=found.already_there)


class VersionShape(Shape):
    number: int
    is_current: Flag
    size: int
    media_type: str


class TextShape(Shape):
    """What was read out of a document. Every span counts characters of this text."""

    version: int
    text: str
    page_starts: list[int] = Field(description="Where each page begins.", examples=[[0, 1830]])


class PageShape(Shape):
    version: int
    page: int
    start: int
    end: int
    text: str


class StoredPassage(Shape):
    start: int
    end: int
    page: int | None
    heading: str
    text: str


class FoundPassage(Shape):
    document: Id
    document_name: str = Field(examples=["rules.pdf"])
    collection: Id
    version: int
    page: int | None
    place: str = Field(examples=["page 3"])
    start: int
    end: int
    focus_start: int = Field(description="The part that fits best.")
    focus_end: int
    score: float = Field(examples=[0.82])
    text: str

    @classmethod
    def of(cls, hit: Hit) -> "FoundPassage":
        found = hit.passage
        same = ("version", "page", "start", "end", "focus_start", "focus_end", "score", "text", "document_name")
        return cls(
            document=found.document_id,
            collection=hit.document.collection_id,
            place=hit.place,
            **{name: getattr(found, name) for name in same},
        )


class SearchAnswer(Shape):
    items: list[FoundPassage]
    next_page: int | None
    degraded: Flag = Field(description="By words alone: no model that indexes could be asked.")


class Tried(Shape):
    items: list[FoundPassage]
    nearest: float = Field(description="The best score there was.")
    threshold: float = Field(description="That an answer asks for.")
    degraded: Flag


class Moving(Given):
    documents: list[Id] = Field(min_length=1, max_length=500)
    target: Id


class NotMoved(Shape):
    name: str
    code: str = Field(examples=["already_there"])
    message: str


class Moved(Shape):
    refused: list[NotMoved]


class Count(Shape):
    count: int
