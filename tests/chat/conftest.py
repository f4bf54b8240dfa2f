from collections.abc import Callable

import pytest

from accounts.models import User
from chat import asking
from chat.models import Conversation, Message
from tests.gateway.conftest import aviary, caller, parrot  # noqa: F401  (fixtures)


@pytest.fixture
def conversation(alice: User) -> Conversation:
    return Conversation.objects.create(owner=alice)


@pytest.fixture
def ask(conversation: Conversation) -> Callable[[str], Message]:
    """Store a question; returns the answer that waits to be written."""
    return lambda text="Wann öffnet die Voliere?": asking.ask(conversation, text)[1]
