import pytest

from accounts.models import User
from chat.models import Conversation


@pytest.fixture
def conversation(alice: User) -> Conversation:
    return Conversation.objects.create(owner=alice)
