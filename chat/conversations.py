"""What the pages show of conversations, and what their owner does with a whole one."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import audit, holds
from accounts.audit import Kind
from accounts.models import User
from chat.exceptions import OnHold
from chat.models import Conversation, Message, Project
from chat.versions import prepare
from chat.windows import Window
from gateway.models import Deployment
from rag import formats
from rag.models import Collection, Document

UNDO_FOR = timedelta(minutes=2)  # a deleted conversation can be taken back


def page(user: User, conversation: Conversation | None, window: Window | None = None) -> dict[str, Any]:
    attached = conversation.attachments_id if conversation else None
    return {
        "conversation": conversation,
        "window": window or Window([]),
        "deployments": Deployment.objects.offered_to(user, Deployment.Kind.CHAT),
        "collections": Collection.objects.visible_to(user).knowledge(),
        "chosen": set(conversation.collections.values_list("id", flat=True)) if conversation else set(),
        "accept": formats.ACCEPT,
        "attachments": Document.objects.filter(collection=attached) if attached else Document.objects.none(),
    }


def messages_html(messages: Iterable[Message]) -> str:
    """Of new messages; the second of two that are compared is shown with the first."""
    shown = [message for message in prepare(messages) if not message.beside_id]
    return render_to_string("chat/_message_list.html", {"messages": shown})


def change(conversation: Conversation, **fields: object) -> None:
    """Change what is noted about a conversation. It is not used by that: its place in the list stays."""
    Conversation.objects.filter(id=conversation.id).update(**fields)
    for name, value in fields.items():
        setattr(conversation, name, value)


def rename(conversation: Conversation, title: str) -> None:
    """From now on no model gives it another title."""
    change(conversation, title=title, titled=True)


def move(conversation: Conversation, project: Project | None) -> None:
    change(conversation, project=project)


@transaction.atomic
def delete(conversation: Conversation) -> None:
    """From now on nobody sees it or its files; until `remove_deleted` comes by, `restore` takes it back.

    Raises `OnHold`.
    """
    if holds.is_held(user=conversation.owner_id):
        raise OnHold
    change(conversation, deleted_at=timezone.now())
    _withdraw_files(conversation, True)
    conversation.messages.running().update(stop_requested=True)


def deleted_by(user: User) -> "list[Conversation]":
    """Those that can still be taken back, the last one first."""
    recent = Conversation.objects.filter(owner=user, deleted_at__gt=timezone.now() - UNDO_FOR)
    return list(recent.order_by("-deleted_at"))


@transaction.atomic
def restore(conversation: Conversation) -> None:
    change(conversation, deleted_at=None)
    _withdraw_files(conversation, False)


def _withdraw_files(conversation: Conversation, withdrawn: bool) -> None:
    if conversation.attachments_id:
        Collection.objects.filter(id=conversation.attachments_id).update(withdrawn=withdrawn)


def remove_deleted() -> int:
    """What was deleted and can no longer be taken back goes for good."""
    due = Conversation.objects.filter(deleted_at__lte=timezone.now() - UNDO_FOR)
    due = due.exclude(owner__in=holds.people())
    count = 0
    for conversation in due.select_related("attachments"):
        count += remove(conversation)
    return count


@transaction.atomic
def remove(conversation: Conversation) -> bool:
    """With its messages, shares and attached files; what it consumed stays counted. False when it was taken back."""
    deleted = Conversation.objects.select_for_update().filter(id=conversation.id, deleted_at__isnull=False)
    if deleted.first() is None:
        return False
    attached = conversation.attachments
    audit.record(Kind.DELETED, conversation, actor=conversation.owner)
    conversation.delete()
    if attached:
        attached.delete()
    return True
