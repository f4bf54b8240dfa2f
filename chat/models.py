"""Conversations and their messages: a tree, one row a turn."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(owner=user)


class Conversation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("owner"))
    title = models.CharField(_("title"), max_length=150, blank=True)
    model = models.CharField(_("model"), max_length=200, blank=True, help_text=_("Public name of the deployment."))
    collections = models.ManyToManyField("rag.Collection", blank=True, related_name="conversations")
    attachments = models.OneToOneField(
        "rag.Collection", on_delete=models.SET_NULL, null=True, blank=True, related_name="conversation"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last used"), auto_now=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["owner", "-updated_at"], name="conversation_list")]

    def __str__(self) -> str:
        return self.title or str(_("New conversation"))

    def get_absolute_url(self) -> str:
        return reverse("chat:conversation", args=[self.id])

    def thread(self) -> "list[Message]":
        """The messages shown: from the first, at each fork the newest branch."""
        return self.in_order(self.branch())

    def in_order(self, ids: list[uuid.UUID]) -> "list[Message]":
        messages = self.messages.prefetch_related("citations").in_bulk(ids)
        return [messages[message] for message in ids]

    def last_message(self) -> "Message | None":
        branch = self.branch()
        return self.messages.get(id=branch[-1]) if branch else None

    def branch(self) -> list[uuid.UUID]:
        # ordered by creation: the last one wins
        newest: dict[uuid.UUID | None, uuid.UUID] = dict(self.messages.values_list("parent_id", "id"))
        branch: list[uuid.UUID] = []
        while following := newest.get(branch[-1] if branch else None):
            branch.append(following)
        return branch


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(conversation__in=Conversation.objects.visible_to(user))

    def running(self) -> Self:
        return self.filter(status__in=Message.RUNNING)


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
    searched = models.BooleanField(default=False, help_text="documents were searched for this answer")
    event = models.PositiveIntegerField(default=0, help_text="number of the last event contained in the texts")
    stop_requested = models.BooleanField(default=False)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["created_at"]
        constraints = [
            # two tabs that ask at once: the second is told to wait
            models.UniqueConstraint(
                fields=["conversation"],
                condition=models.Q(status__in=["waiting", "streaming"]),
                name="one_running_answer_per_conversation",
            )
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.text[:40]}"

    def get_absolute_url(self) -> str:
        """Its place on the page, also when the page would show other messages."""
        return f"{self.conversation.get_absolute_url()}?at={self.id}#m-{self.id}"

    @property
    def is_running(self) -> bool:
        return self.status in self.RUNNING

    @property
    def scope(self) -> str:
        """Keeps what is named in it apart from the same names in other messages of a page."""
        return self.id.hex[:12]

    @property
    def is_broken(self) -> bool:
        return self.status in self.BROKEN


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
