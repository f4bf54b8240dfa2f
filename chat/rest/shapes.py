from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from accounts.rest.shapes import Audience, Flag, Given, Id, Shape, When, left
from chat.asking import QUESTION_LIMIT
from chat.citations import title_of
from chat.models import Citation, Conversation, Message, Project, Share

ModelName = str
STATUSES = Literal["waiting", "streaming", "done", "stopped", "failed", "interrupted"]


class ConversationShape(Shape):
    id: Id
    title: str = Field(examples=["Opening hours"])
    model: str = Field(description="As chosen last; empty for the default.", examples=["llama-3.3-70b"])
    assistant: Id | None
    project: Id | None
    pinned: Flag
    archived: Flag
    created_at: When
    updated_at: When

    @classmethod
    def of(cls, found: Conversation) -> "ConversationShape":
        return cls(**_known(found))


class WholeConversation(ConversationShape):
    collections: list[UUID]

    @classmethod
    def of(cls, found: Conversation) -> "WholeConversation":
        return cls(**_known(found), collections=sorted(found.collections.values_list("id", flat=True)))


def _known(found: Conversation) -> dict[str, Any]:
    same = ("id", "title", "model", "pinned", "archived", "created_at", "updated_at")
    own = {name: getattr(found, name) for name in same}
    return {**own, "assistant": found.assistant_id, "project": found.project_id}


class NewConversation(Given):
    title: str = Field("", max_length=150)
    model: str = Field("", max_length=200, description="A model, or `assistant/NAME`.")
    collections: list[Id] = Field([], max_length=100)
    project: Id | None = None


class ConversationChange(Given):
    title: str = left(min_length=1, max_length=150)
    model: str = left(max_length=200, description="A model, or `assistant/NAME`.")
    collections: list[Id] = left(max_length=100)
    project: Id | None = None
    pinned: Flag = left()
    archived: Flag = left()


class CitationShape(Shape):
    """A passage that was given to the model. `[1]` in the answer means number 1."""

    number: int
    document: Id | None
    title: str = Field(examples=["rules.pdf, page 3"])
    version: int
    page: int | None
    start: int
    end: int
    focus_start: int
    focus_end: int
    text: str

    @classmethod
    def of(cls, found: Citation) -> "CitationShape":
        special = {"document", "title"}
        same = {name: getattr(found, name) for name in cls.model_fields if name not in special}
        return cls(**same, document=found.document_id, title=title_of(found))


class MessageShape(Shape):
    id: Id
    conversation: Id
    parent: Id | None = Field(description="What it follows. Messages with the same parent are versions.")
    role: Literal["user", "assistant"]
    status: STATUSES
    text: str
    reasoning: str
    model: str
    assistant: str
    error: str = Field(description="Code of what ended it.")
    reason: str
    edited: Flag
    opinion: Literal["", "good", "bad"]
    event: int = Field(description="Number of the last event contained in the text.")
    created_at: When
    citations: list[CitationShape]

    @classmethod
    def of(cls, found: Message) -> "MessageShape":
        special = {"conversation", "parent", "citations"}
        same = {name: getattr(found, name) for name in cls.model_fields if name not in special}
        cited = [CitationShape.of(each) for each in found.citations.all()]
        return cls(**same, conversation=found.conversation_id, parent=found.parent_id, citations=cited)


class Tree(Shape):
    """All messages, oldest first; `branch` are the ids of those that are shown, from the first to the last."""

    items: list[MessageShape]
    branch: list[Id]


class Question(Given):
    text: str = Field(min_length=1, max_length=QUESTION_LIMIT, examples=["When does the aviary open?"])
    model: str = left(max_length=200, description="From now on; as before without it.")
    collections: list[Id] = left(max_length=100, description="From now on; as before without it.")
    after: Id | None = Field(None, description="What it follows; the last message shown without it.")
    beside: str = Field("", max_length=200, description="A second model that answers, too.")
    id: Id | None = Field(None, description="An id for it by which it is stored once, however often it is sent.")


class Answered(Shape):
    question: MessageShape | None
    answers: list[MessageShape]


class Again(Given):
    model: str = Field("", max_length=200, description="Another one than before.")


class Edit(Given):
    text: str = Field(min_length=1, max_length=QUESTION_LIMIT, examples=["When does the aviary open on Sunday?"])


class OpinionGiven(Given):
    opinion: Literal["", "good", "bad"]
    reason: str = Field("", max_length=12)
    words: str = Field("", max_length=500)


class Copied(Shape):
    conversation: Id
    refused: list[str] = Field(description="Files that could not be copied.")


class FoundMessage(Shape):
    conversation: Id
    message: Id
    title: str
    snippet: str = Field(description="HTML: escaped, with <mark>.", examples=["… <mark>aviary</mark> …"])
    role: Literal["user", "assistant"]
    when: When


class Found(Shape):
    titles: list[ConversationShape]
    items: list[FoundMessage]
    next_start: int | None


class FileShape(Shape):
    id: Id
    name: str = Field(examples=["minutes.docx"])
    status: str = Field(examples=["ready"])
    size: int


class Imported(Shape):
    report: list[str]
    unreadable: list[int] = Field(description="Which of the file, counted from 1.")
    broken_off: str = Field(description="Why the rest of the file could not be read.")


class ShareShape(Shape):
    id: Id
    conversation: Id | None = Field(description="The caller's own; null for what others share.")
    title: str
    owner: str = Field(examples=["Alice"])
    audience: Audience
    people: list[str] = Field(examples=[["bob@example.org"]])
    teams: list[int]
    link: str
    updated_at: When

    @classmethod
    def of(cls, found: Share) -> "ShareShape":
        return cls(
            id=found.pk,
            conversation=found.conversation_id,
            title=found.title,
            owner=str(found.conversation.owner),
            audience="everyone" if found.everyone else "named",
            people=sorted(person.email for person in found.people.all()),
            teams=sorted(team.pk for team in found.teams.all()),
            link=found.get_absolute_url(),
            updated_at=found.updated_at,
        )

    @classmethod
    def given(cls, found: Share) -> "ShareShape":
        """As its reader sees it: whom else it names is not for them."""
        return cls.of(found).model_copy(update={"conversation": None, "people": [], "teams": []})


class SharedSource(Shape):
    number: int
    address: str
    title: str


class SharedMessageShape(Shape):
    id: Id
    role: Literal["user", "assistant"]
    text: str
    sources: list[SharedSource] = Field(description="That the reader may open.")
    hidden_sources: int


class SharedConversation(Shape):
    share: ShareShape
    messages: list[SharedMessageShape]


class ProjectShape(Shape):
    id: Id
    name: str = Field(examples=["Moving house"])
    instructions: str
    collections: list[Id]
    created_at: When

    @classmethod
    def of(cls, found: Project) -> "ProjectShape":
        same = {name: getattr(found, name) for name in ("id", "name", "instructions", "created_at")}
        return cls(**same, collections=sorted(each.pk for each in found.collections.all()))


class ProjectChange(Given):
    name: str = left(min_length=1, max_length=100)
    instructions: str = left(max_length=8_000)
    collections: list[Id] = left(max_length=100)


class NewProject(ProjectChange):
    name: str = Field(min_length=1, max_length=100, examples=["Moving house"])
