"""Conversations and their messages: a tree, one row a turn."""

import uuid
from typing import Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Left
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat.assistants import Assistant as Assistant
from chat.library import Prompt as Prompt
from chat.receipts import Receipt as Receipt
from chat.shares import Share as Share
from chat.tree import Tree, Versions
from gateway.models import ApiKey

SEARCHED = 80_000  # characters of a message: a longer text may hold more words than PostgreSQL's index takes
LANGUAGES = ("simple", "german", "english")  # as written, and by the stems of either language


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(owner=user)


class Project(models.Model):
    """A folder of conversations, with what holds for all of them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(_("name"), max_length=100)
    instructions = models.TextField(
        _("instructions"),
        max_length=8_000,
        blank=True,
        help_text=_("What every answer in this project should heed: who reads it, in which tone, what matters."),
    )
    collections = models.ManyToManyField(
        "rag.Collection", blank=True, related_name="projects", verbose_name=_("collections")
    )
    files = models.OneToOneField(
        "rag.Collection", on_delete=models.SET_NULL, null=True, blank=True, related_name="project"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("chat:project", args=[self.id])


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(owner=user, deleted_at=None)

    def begun(self) -> Self:
        """Those in which something was asked."""
        return self.filter(models.Exists(Message.objects.filter(conversation=models.OuterRef("pk"))))


class Conversation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("owner"))
    title = models.CharField(_("title"), max_length=150, blank=True)
    model = models.CharField(_("model"), max_length=200, blank=True, help_text=_("Public name of the deployment."))
    collections = models.ManyToManyField("rag.Collection", blank=True, related_name="conversations")
    attachments = models.OneToOneField(
        "rag.Collection", on_delete=models.SET_NULL, null=True, blank=True, related_name="conversation"
    )
    project = models.ForeignKey(
        Project, models.SET_NULL, null=True, blank=True, related_name="conversations", verbose_name=_("project")
    )
    assistant = models.ForeignKey(Assistant, models.SET_NULL, null=True, blank=True, related_name="conversations")
    titled = models.BooleanField(default=False, help_text="a person or a model gave the title: it stays")
    pinned = models.BooleanField(_("pinned"), default=False)
    archived = models.BooleanField(_("archived"), default=False)
    deleted_at = models.DateTimeField(null=True, editable=False, help_text="gone for everyone; removed a little later")
    keeps_in_house = models.BooleanField(default=False, editable=False, help_text="copies of what is confidential")
    origin = models.CharField(max_length=100, blank=True, editable=False, help_text="what it was imported from")
    shown = models.ForeignKey(
        "Message", on_delete=models.SET_NULL, null=True, editable=False, related_name="+", help_text="of its branch"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("last used"), auto_now=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-updated_at", "-id"]
        indexes = [
            models.Index(fields=["owner", "-updated_at", "-id"], name="conversation_list"),
            models.Index(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="conversation_removal"),
        ]

    def __str__(self) -> str:
        return self.title or str(_("New conversation"))

    def get_absolute_url(self) -> str:
        return reverse("chat:conversation", args=[self.id])

    def thread(self, through: uuid.UUID | None = None) -> "list[Message]":
        """The messages shown: the branch that was chosen last, or the one `through` a message."""
        return self.in_order(self.branch(through))

    def in_order(self, ids: list[uuid.UUID]) -> "list[Message]":
        messages = self.messages.prefetch_related("citations").in_bulk(ids)
        return [messages[message] for message in ids]

    def last_message(self) -> "Message | None":
        branch = self.branch()
        return self.messages.get(id=branch[-1]) if branch else None

    def branch(self, through: uuid.UUID | None = None) -> list[uuid.UUID]:
        return self.tree().branch(through)

    def tree(self) -> Tree:
        # what is shown is read along with the messages: this object may be older than another tab's choice
        rows = list(self.messages.values_list("id", "parent_id", "conversation__shown"))
        return Tree([(message, parent) for message, parent, _ in rows], rows[0][2] if rows else None)


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(conversation__in=Conversation.objects.visible_to(user))

    def running(self) -> Self:
        return self.filter(status__in=Message.RUNNING)


def words_of(*fields: str) -> SearchVector:
    """What a text is found by; the index holds this very expression."""
    texts = [Left(field, SEARCHED) for field in fields]
    vectors = [SearchVector(*texts, config=language) for language in LANGUAGES]
    return vectors[0] + vectors[1] + vectors[2]  # type: ignore[return-value]  # a CombinedSearchVector


class Message(models.Model):
    class Role(models.TextChoices):
        USER = "user", _("You")
        ASSISTANT = "assistant", _("Assistant")

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        STREAMING = "streaming", _("being written")
        DONE = "done", _("done")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("failed")
        INTERRUPTED = "interrupted", _("interrupted")

    class Opinion(models.TextChoices):
        GOOD = "good", _("good")
        BAD = "bad", _("bad")

    RUNNING = (Status.WAITING, Status.STREAMING)
    BROKEN = (Status.STOPPED, Status.FAILED, Status.INTERRUPTED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    role = models.CharField(max_length=10, choices=Role)
    status = models.CharField(max_length=12, choices=Status, default=Status.DONE)
    text = models.TextField(blank=True)
    reasoning = models.TextField(
        blank=True, help_text="what a model thought before it answered; never sent to one again"
    )
    thinking_seconds = models.PositiveIntegerField(null=True, help_text="how long it thought")
    error = models.CharField(max_length=50, blank=True, help_text="code of the error that ended it")
    reason = models.CharField(max_length=500, blank=True, help_text="the same as a sentence for its reader")
    model = models.CharField(max_length=200, blank=True)
    assistant = models.CharField(max_length=100, blank=True, help_text="name of the assistant as which it answered")
    searched = models.BooleanField(default=False, help_text="documents were searched for this answer")
    searched_in = models.JSONField(default=list, help_text="names of the collections; empty for attached files")
    support = models.JSONField(null=True, help_text="how many statements were checked, and which are in doubt")
    finish = models.CharField(max_length=20, blank=True, help_text="why the model ended, as its server says")
    left_out = models.JSONField(null=True, help_text="how many earlier messages and passages did not fit")
    edited = models.BooleanField(default=False, help_text="a person changed the words of the model")
    beside = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, related_name="compared", help_text="until one is taken"
    )
    opinion = models.CharField(max_length=4, blank=True, choices=Opinion)
    opinion_reason = models.CharField(max_length=12, blank=True)
    opinion_text = models.CharField(max_length=500, blank=True, help_text="for nobody but the owner")
    personal = models.JSONField(null=True, help_text="what of the person was given with it: instructions, facts")
    event = models.PositiveIntegerField(default=0, help_text="number of the last event contained in the texts")
    stop_requested = models.BooleanField(default=False)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    asked_with: ApiKey | None = None  # which writes it, while it is written
    versions: Versions | None = None  # for a page that shows it
    pair: "Message | None" = None  # the other one of two answers of which none is taken yet

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["created_at"]
        constraints = [
            # two tabs that ask at once: the second is told to wait
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(status__in=["waiting", "streaming"], beside=None),
                name="one_running_answer_per_conversation",
            ),
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(status__in=["waiting", "streaming"], beside__isnull=False),
                name="one_running_answer_beside_it",
            ),
        ]
        indexes = [
            # an answer under way is saved each second: its words are indexed once, when it has ended
            GinIndex(words_of("text"), name="message_words", condition=~Q(status__in=["waiting", "streaming"])),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.text[:40]}"

    def get_absolute_url(self) -> str:
        """Its place on the page, also when the page would show other messages."""
        return f"{self.conversation.get_absolute_url()}?message={self.id}#m-{self.id}"

    @property
    def is_running(self) -> bool:
        return self.status in self.RUNNING

    @property
    def scope(self) -> str:
        return self.id.hex[:12]  # keeps its footnotes apart from those of other messages of a page

    @property
    def is_broken(self) -> bool:
        return self.status in self.BROKEN

    @property
    def is_cut(self) -> bool:
        """The model was not done, but had to end."""
        return self.status == self.Status.DONE and self.finish == "length"

    @property
    def can_go_on(self) -> bool:
        return (self.is_cut or self.is_broken) and bool(self.text.strip())


class Citation(models.Model):
    """A passage that was given to the model with an answer, as it stood then. `Source N` is its number."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="citations")
    number = models.PositiveSmallIntegerField()
    document = models.ForeignKey("rag.Document", on_delete=models.SET_NULL, null=True, related_name="+")
    document_name = models.CharField(max_length=255)
    version = models.PositiveIntegerField()
    page = models.PositiveIntegerField(null=True)
    page_kind = models.CharField(max_length=10, blank=True, help_text="page, slide, sheet or section")
    page_label = models.CharField(max_length=100, blank=True)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    focus_start = models.PositiveIntegerField(help_text="the part of it that fits the question best")
    focus_end = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        verbose_name = _("citation")
        verbose_name_plural = _("citations")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="citation_number_once")]

    def __str__(self) -> str:
        return f"[{self.number}] {self.document_name}"

    def parts(self) -> tuple[str, str, str]:
        """The text before, in and after the part that fits best."""
        first, last = self.focus_start - self.start, self.focus_end - self.start
        return self.text[:first], self.text[first:last], self.text[last:]
