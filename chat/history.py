"""A person's conversations in the order of their last use, a page at a time: sidebar, list of all, archive, project.

A page ends with a cursor — the moment and the id of its last row — from which the next one goes on, so that a long
history costs no more than a short one and nothing is shown twice when a conversation is used meanwhile.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from chat.models import Conversation, ConversationQuerySet, Project

PAGE = 50
PINNED = 50  # shown in the sidebar
PROJECTS = 30
IN_PROJECT = 5
FIELDS = ("id", "title", "updated_at", "pinned", "archived", "project_id")


@dataclass(frozen=True)
class Page:
    conversations: list[Conversation]
    older: str  # the cursor from which the next page goes on; empty on the last

    @property
    def groups(self) -> list[tuple[str, list[Conversation]]]:
        """By day: today, yesterday, the last week, then by month."""
        today = timezone.localdate()
        named = groupby(self.conversations, lambda each: period(timezone.localdate(each.updated_at), today))
        return [(name, list(conversations)) for name, conversations in named]


def period(day: date, today: date) -> str:
    age = (today - day).days
    if age <= 0:
        return _("Today")
    if age == 1:
        return _("Yesterday")
    return _("Last 7 days") if age < 7 else date_format(day, "F Y")


def page_of(conversations: ConversationQuerySet, before: str = "", size: int = PAGE) -> Page:
    found = list(_before(conversations, before).only(*FIELDS).order_by("-updated_at", "-id")[: size + 1])
    shown = found[:size]
    return Page(shown, cursor(shown[-1]) if len(found) > size else "")


def cursor(conversation: Conversation) -> str:
    moment = round((conversation.updated_at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
    return f"{moment}~{conversation.id}"


def _before(conversations: ConversationQuerySet, text: str) -> QuerySet[Conversation]:
    """What comes after the cursor; one that nobody was given begins at the top."""
    moment, _tilde, last = text.partition("~")
    try:
        when, identity = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(moment)), UUID(last)
    except (ValueError, OverflowError):
        return conversations
    # the first condition repeats the second in a form that the index can begin at
    earlier = Q(updated_at__lt=when) | Q(updated_at=when, id__lt=identity)
    return conversations.filter(updated_at__lte=when).filter(earlier)


def listed(user: User, *, archived: bool = False) -> ConversationQuerySet:
    return Conversation.objects.visible_to(user).begun().filter(archived=archived)


def sidebar(user: User) -> dict[str, Any]:
    """Pinned ones, projects with what was used last in each, and the newest of the rest: four queries."""
    current = listed(user)
    projects = list(Project.objects.visible_to(user).only("id", "name")[:PROJECTS])
    inside = _newest_of(current, projects)
    return {
        "pinned": current.filter(pinned=True).only(*FIELDS)[:PINNED],
        "projects": [(project, [each for each in inside if each.project_id == project.id]) for project in projects],
        "page": page_of(current.filter(pinned=False, project=None)),
    }


def _newest_of(conversations: ConversationQuerySet, projects: Iterable[Project]) -> list[Conversation]:
    position = Window(RowNumber(), partition_by="project_id", order_by=F("updated_at").desc())
    newest = conversations.filter(project__in=list(projects)).annotate(position=position)
    return list(newest.filter(position__lte=IN_PROJECT).only(*FIELDS))
