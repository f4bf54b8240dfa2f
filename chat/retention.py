"""Conversations that nobody has used for as long as a rule says."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts import holds
from accounts.models import RetentionRule, User
from accounts.retention import people_under, rule_of
from chat.models import Conversation, ConversationQuerySet, Message

BATCH = 100


def due(rule: RetentionRule) -> ConversationQuerySet:
    """Those in the archive, too. One in which an answer is being written is in use."""
    found = Conversation.objects.filter(owner__in=people_under(rule), updated_at__lt=rule.cutoff, deleted_at=None)
    found = found.exclude(pk__in=Message.objects.running().values("conversation"))
    return found.exclude(pinned=True) if rule.spares_pinned else found


def preview(rule: RetentionRule) -> dict[str, int]:
    conversations = due(rule)
    return {
        "conversations": conversations.count(),
        "messages": Message.objects.filter(conversation__in=conversations).count(),
    }


def apply(rule: RetentionRule) -> int:
    """How many went, with messages, shares and attached files."""
    gone = 0
    while batch := list(due(rule).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        gone += sum(_remove(rule, pk) for pk in batch)
    return gone


@transaction.atomic
def _remove(rule: RetentionRule, pk: UUID) -> int:
    # locked, and asked again: it may have been used or pinned meanwhile
    Conversation.objects.select_for_update().filter(pk=pk).first()
    conversation = due(rule).filter(pk=pk).first()
    if conversation is None:
        return 0
    attached = conversation.attachments
    conversation.delete()
    if attached:
        attached.delete()
    return 1


def rule_for(user: User) -> RetentionRule | None:
    """That all conversations of the person are under; none while a hold keeps them."""
    rule = rule_of(user, RetentionRule.Kind.CONVERSATIONS)
    return None if rule is None or holds.is_held(user=user.pk) else rule


def ends_at(conversation: Conversation) -> datetime | None:
    """When it goes, unless it is used before."""
    rule = rule_for(conversation.owner)
    if rule is None or (conversation.pinned and rule.spares_pinned):
        return None
    return conversation.updated_at + timedelta(days=min(rule.days, 36_500))
