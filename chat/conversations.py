"""What the pages show of conversations."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.template.loader import render_to_string

from accounts.models import User
from chat.models import Conversation, Message
from chat.windows import Window
from gateway.models import Deployment
from rag import formats
from rag.models import Collection, Document

SIDEBAR_LENGTH = 100


def sidebar(user: User) -> QuerySet[Conversation]:
    begun = Exists(Message.objects.filter(conversation=OuterRef("pk")))
    return Conversation.objects.visible_to(user).filter(begun).only("id", "title", "updated_at")[:SIDEBAR_LENGTH]


def page(user: User, conversation: Conversation | None, window: Window | None = None) -> dict[str, Any]:
    window = window or Window([])
    attached = conversation.attachments_id if conversation else None
    return {
        "conversation": conversation,
        "window": window,
        "deployments": Deployment.objects.offered_to(user, Deployment.Kind.CHAT),
        "collections": Collection.objects.visible_to(user).knowledge(),
        "chosen": set(conversation.collections.values_list("id", flat=True)) if conversation else set(),
        "accept": formats.ACCEPT,
        "attachments": Document.objects.filter(collection=attached) if attached else Document.objects.none(),
    }


def messages_html(messages: Iterable[Message]) -> str:
    return "".join(render_to_string("chat/_message.html", {"message": message}) for message in messages)


@transaction.atomic
def delete(conversation: Conversation) -> None:
    """With its messages and attached files; what it consumed stays counted."""
    attached = conversation.attachments
    conversation.delete()
    if attached:
        attached.delete()
