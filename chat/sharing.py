"""A conversation shown to others: as it stood at a moment, for reading alone, until it is taken back.

A share holds no copy. It names the branch of messages that it shows by its last one; what is added later is shown
once the owner updates it, and what is deleted is gone from it, too. It widens no right to a document: of the sources of
an answer the reader learns what they may open themselves, of the others only that there are some.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from accounts import audit
from accounts.audit import Kind
from accounts.models import Team, User
from chat import copying
from chat.citations import link_to_passage, sources_of
from chat.context import stays_in_house
from chat.exceptions import NothingToShare, UnknownRecipient
from chat.markers import Links
from chat.models import Citation, Conversation, Message, Share
from chat.rendering import render
from rag.models import Document


@dataclass(frozen=True)
class SharedMessage:
    """A message as one reader may see it."""

    message: Message
    html: SafeString
    sources: Sequence[tuple[int, str, str]]  # number, address, title
    hidden: int  # sources that the reader may not open


@transaction.atomic
def share(conversation: Conversation, *, everyone: bool, people: Iterable[User], teams: Iterable[Team]) -> Share:
    """Show it as it stands now, or change who may read what is shown already. Raises `NothingToShare`."""
    found = Share.objects.filter(conversation=conversation).first() or _new(conversation)
    is_new = found._state.adding
    found.everyone = everyone
    found.save()
    found.people.set([] if everyone else people)
    found.teams.set([] if everyone else teams)
    audit.record(Kind.SHARE_GIVEN if is_new else Kind.SHARE_CHANGED, conversation, detail=_audience(found))
    return found


def _audience(found: Share) -> str:
    """For the audit log: by ids."""
    teams = [f"team {pk}" for pk in found.teams.values_list("pk", flat=True)]
    return "everyone" if found.everyone else ", ".join([*teams, *map(str, found.people.values_list("pk", flat=True))])


def take_back(found: Share) -> None:
    found.delete()
    audit.record(Kind.SHARE_TAKEN, found.conversation)


def update(found: Share) -> None:
    """From now on it shows the conversation as it stands at this moment. Raises `NothingToShare`."""
    fresh = _new(found.conversation)
    Share.objects.filter(id=found.id).update(last=fresh.last, title=fresh.title, updated_at=timezone.now())


def is_behind(found: Share) -> bool:
    """Whether something was said since."""
    return _last_ended(found.conversation) != found.last_id


def _new(conversation: Conversation) -> Share:
    last = _last_ended(conversation)
    if last is None:
        raise NothingToShare
    return Share(conversation=conversation, title=str(conversation), last_id=last)


def _last_ended(conversation: Conversation) -> UUID | None:
    """A question whose answer is being written would be shown without it."""
    ended = [message for message in conversation.thread() if not message.is_running]
    while ended and ended[-1].role == Message.Role.USER:
        ended.pop()
    return ended[-1].id if ended else None


def people_of(owner: User, addresses: Iterable[str]) -> list[User]:
    """Raises `UnknownRecipient` for the first that is nobody here."""
    wanted = {address.strip().lower() for address in addresses if address.strip()}
    found = {user.email.lower(): user for user in User.objects.filter(email__in=wanted, is_active=True)}
    if missing := sorted(wanted - set(found)):
        raise UnknownRecipient(missing[0])
    return [user for user in found.values() if user != owner]


def branch(found: Share) -> list[Message]:
    """The messages shown: from the first to the last one."""
    parents = dict(found.conversation.messages.values_list("id", "parent_id"))
    shown: list[UUID] = []
    following: UUID | None = found.last_id
    while following:
        shown.append(following)
        following = parents[following]
    messages = found.conversation.messages.prefetch_related("citations").in_bulk(shown)
    return [messages[message] for message in reversed(shown)]


def answer_in(found: Share, message: UUID) -> Message | None:
    """An answer, if it is one that is shown."""
    answers = (each for each in branch(found) if each.role == Message.Role.ASSISTANT)
    return next((each for each in answers if each.id == message), None)


def seen_by(reader: User, messages: Sequence[Message]) -> list[SharedMessage]:
    allowed = _openable(reader, messages)
    return [_seen(message, allowed) for message in messages]


def _openable(reader: User, messages: Iterable[Message]) -> set[tuple[UUID, int]]:
    """Documents, with their version, that the reader may open at this moment. One query."""
    citations = (citation for message in messages for citation in message.citations.all())
    named = {citation.document_id for citation in citations if citation.document_id}
    documents = Document.objects.visible_to(reader).filter(id__in=named)
    return set(documents.values_list("id", "version"))


def openable(reader: User, message: Message) -> set[Citation]:
    """Those of its sources that the reader may open at this moment."""
    allowed = _openable(reader, [message])
    return {citation for citation in message.citations.all() if may_open(citation, allowed)}


def may_open(citation: Citation, allowed: set[tuple[UUID, int]]) -> bool:
    return citation.document_id is not None and (citation.document_id, citation.version) in allowed


def _seen(message: Message, allowed: set[tuple[UUID, int]]) -> SharedMessage:
    cited = sources_of(message).used
    shown = {citation.number: link_to_passage(citation) for citation in cited if may_open(citation, allowed)}
    links: Links | None = shown if message.searched else None
    html = mark_safe(render(message.text, links))  # noqa: S308  (the renderer sanitises)
    sources = [(number, *link) for number, link in shown.items()]
    return SharedMessage(message, html, sources, len(cited) - len(shown))


@transaction.atomic
def copy(found: Share, reader: User) -> Conversation:
    """A conversation of the reader's own that goes on from what was shared, with the sources they may see."""
    messages = branch(found)
    allowed = _openable(reader, messages)
    own = Conversation.objects.create(
        owner=reader,
        title=found.title,
        titled=True,
        model=found.conversation.model,
        keeps_in_house=stays_in_house(found.conversation),
    )
    copying.copy(messages, own, copying.SAID, lambda citation: may_open(citation, allowed))
    return own
