"""What a conversation may be answered by: the models and assistants that a person may choose, and the one chosen."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from chat.assistants import Seen
from chat.models import Assistant, Conversation, Prompt
from gateway.cards import Card, cards

MOST_ASSISTANTS = 100  # in the list; all of them have a page from which a chat is started


@dataclass(frozen=True)
class Choice:
    assistants: list[Assistant]
    cards: list[Card]
    chosen: str  # public name of a model or of an assistant

    @property
    def label(self) -> str:
        """Of what is chosen; without a choice the first is."""
        names = {each.public_name: each.name for each in self.assistants} | {
            card.name: card.name for card in self.cards
        }
        return names.get(self.chosen) or next((card.name for card in self.cards), "")


@dataclass(frozen=True)
class Current:
    """The assistant of a conversation; `seen` is None when it is no longer shared with the person."""

    seen: Seen | None

    @property
    def is_gone(self) -> bool:
        return self.seen is None


def choice(user: User, conversation: Conversation | None, wanted: str) -> Choice:
    found = current(user, conversation, wanted)
    chosen = found.seen.assistant.public_name if found and found.seen else conversation.model if conversation else ""
    offered = list(Assistant.objects.visible_to(user)[:MOST_ASSISTANTS])
    if found and found.seen and found.seen.assistant not in offered:
        offered.append(found.seen.assistant)
    return Choice(offered, cards(user), chosen)


def current(user: User, conversation: Conversation | None, wanted: str) -> Current | None:
    """The conversation's assistant, or the `wanted` one of a new chat, by its id."""
    identity = conversation.assistant_id if conversation else _id(wanted)
    if identity is None:
        return None
    found = Assistant.objects.visible_to(user).filter(id=identity).first()
    if found is None:
        return Current(None) if conversation else None
    return Current(found.seen_by(user))


def prompt(user: User, wanted: str) -> Prompt | None:
    found: Prompt | None = Prompt.objects.visible_to(user).filter(id=_id(wanted)).first() if wanted else None
    return found


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
