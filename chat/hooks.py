"""What webhooks are told of answers."""

from accounts.models import User
from chat.context import stays_in_house
from chat.models import Conversation, Message
from gateway.deliveries import Tellers
from gateway.models import Event


def answer(user: User | None, object_id: str, with_content: bool) -> dict[str, object] | None:
    """What is confidential stays in the house, whatever was asked for. The house itself hears of none."""
    visible = Conversation.objects.visible_to(user) if user else Conversation.objects.none()
    theirs = Message.objects.filter(conversation__in=visible)
    found = theirs.select_related("conversation").filter(pk=object_id).first()
    if found is None:
        return None
    told: dict[str, object] = {"id": str(found.pk), "conversation_id": str(found.conversation_id), "model": found.model}
    if with_content and not stays_in_house(found.conversation):
        told["text"] = found.text
    return told


TELLERS: Tellers = {Event.ANSWER_COMPLETED: answer}
