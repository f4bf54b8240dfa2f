"""Collections of documents, what was read out of them, and who may see them."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from rag.exceptions import ingestion_error
from rag.vectors import EmbeddingIndex as EmbeddingIndex
from rag.vectors import IndexedDocument as IndexedDocument
from rag.vectors import Vector as Vector

REQUEUE_AFTER = timedelta(minutes=2)  # a message that the broker has held this long is taken for lost


def stored_name(document: "Document", filename: str) -> str:
    """The name in the storage is ours; nothing of the uploaded name reaches the file system."""
    return f"documents/{document.id.hex[:2]}/{document.id.hex}"


class CollectionQuerySet(models.QuerySet["Collection"]):
    def visible_to(self, user: User) -> Self:
        return self._reachable(user, CollectionShare.objects.filter(user=user))

    def editable_by(self, user: User) -> Self:
        return self._reachable(user, CollectionShare.objects.filter(user=user, role=CollectionShare.Role.EDITOR))

    def managed_by(self, user: User) -> Self:
        """Those the user may rename, share and delete."""
        led = user.membership_set.filter(role=Membership.Role.LEAD)
        return self.filter(Q(owner=user) | Q(team__in=led.values("team")))

    def knowledge(self) -> Self:
        """Without the attachments of conversations."""
        return self.filter(is_attachment=False)

    def _reachable(self, user: User, shares: "models.QuerySet[CollectionShare]") -> Self:
        teams = user.membership_set.values("team")
        return self.filter(Q(owner=user) | Q(team__in=teams) | Q(id__in=shares.values("collection")))


class Collection(models.Model):
    """A set of documents that belongs to a person or to a team; the unit of sharing."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=150)
    purpose = models.CharField(_("purpose"), max_length=500, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("owner")
    )
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("team"))
    is_attachment = models.BooleanField(default=False, editable=False, help_text="the files of one conversation")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("collection")
        verbose_name_plural = _("collections")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="collection_belongs_to_one",
                condition=Q(owner=None, team__isnull=False) | Q(owner__isnull=False, team=None),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            self.documents.lock()
            return super().delete(*args, **kwargs)


class CollectionShare(models.Model):
    class Role(models.TextChoices):
        VIEWER = "viewer", _("may read")
        EDITOR = "editor", _("may add and remove documents")

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="shares")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("user"))
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.VIEWER)

    class Meta:
        verbose_name = _("share")
        verbose_name_plural = _("shares")
        constraints = [models.UniqueConstraint(fields=["collection", "user"], name="share_once")]

    def __str__(self) -> str:
        return f"{self.collection} → {self.user}"


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(collection__in=Collection.objects.visible_to(user))

    def editable_by(self, user: User) -> Self:
        return self.filter(collection__in=Collection.objects.editable_by(user))

    def unfinished(self) -> Self:
        return self.filter(status__in=Document.UNFINISHED)

    def finished(self) -> Self:
        return self.exclude(status__in=Document.UNFINISHED)

    def lock(self) -> bool:
        """Wait for a worker that is just storing what it read, so that a deletion sees all there is."""
        return bool(list(self.select_for_update().values_list("pk")))

    def requeue(self) -> int:
        """Back to the start of the queue, with all attempts ahead."""
        return self.update(
            status=Document.Status.QUEUED, error="", done=0, total=0, attempts=0, lease_until=first_lease()
        )


def first_lease() -> datetime:
    return timezone.now() + REQUEUE_AFTER


class Document(models.Model):
    """An uploaded file and the state of its ingestion."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        PARSING = "parsing", _("being read")
        EMBEDDING = "embedding", _("being indexed")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    UNFINISHED = (Status.QUEUED, Status.PARSING, Status.EMBEDDING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="documents")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    name = models.CharField(_("name"), max_length=255)
    file = models.FileField(upload_to=stored_name)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    language = models.CharField(max_length=10, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    error = models.CharField(_("reason"), max_length=50, blank=True, help_text="code of an IngestionError")
    done = models.PositiveIntegerField(default=0, help_text="chunks embedded so far")
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="also tells an overtaken worker that it is one")
    lease_until = models.DateTimeField(
        default=first_lease, help_text="until then a worker, or the broker while queued, is trusted to have it"
    )
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "lease_until"], name="document_sweep")]
        constraints = [models.UniqueConstraint(fields=["collection", "sha256"], name="content_once_per_collection")]

    already_there = False  # set by `uploads.accept` on what it recognised

    def __str__(self) -> str:
        return self.name

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            Document.objects.filter(pk=self.pk).lock()
            return super().delete(*args, **kwargs)

    @property
    def reason(self) -> str:
        return str(ingestion_error(self.error)) if self.error else ""

    @property
    def is_unfinished(self) -> bool:
        return self.status in self.UNFINISHED


class DocumentText(models.Model):
    """What was read out of a document; every span of ours counts characters of `text`."""

    document = models.OneToOneField(Document, on_delete=models.CASCADE, primary_key=True, related_name="content")
    text = models.TextField()
    page_starts = ArrayField(models.PositiveIntegerField(), default=list, help_text="empty where pages mean nothing")

    def __str__(self) -> str:
        return str(self.document_id)


@receiver(post_delete, sender=Document)
def remove_file(sender: type[Document], instance: Document, **kwargs: Any) -> None:
    """A signal, since a document also goes when its collection, team or owner goes."""
    storage, name = instance.file.storage, str(instance.file.name)
    transaction.on_commit(lambda: storage.delete(name), robust=True)


class Chunk(models.Model):
    """A stretch of a document of about 800 characters: what is ranked by words and handed to the model."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+", db_index=False)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    page = models.PositiveIntegerField(null=True)
    heading = models.CharField(max_length=300, blank=True)
    text = models.TextField()
    parts = ArrayField(
        ArrayField(models.PositiveIntegerField(), size=2), default=list, help_text="spans that are embedded"
    )
    config = models.CharField(max_length=20, help_text="PostgreSQL text search configuration of its terms")
    term_count = models.PositiveIntegerField(default=0)

    class Meta:
        # the statistics of a question's scope are read from the index alone
        indexes = [models.Index(fields=["collection"], include=["id", "config", "term_count"], name="chunk_scope")]
        constraints = [models.UniqueConstraint(fields=["document", "start"], name="chunk_once")]

    def __str__(self) -> str:
        return f"{self.document_id}[{self.start}:{self.end}]"


class Posting(models.Model):
    """How often a term occurs in a chunk: what BM25 counts with. It goes with its chunk."""

    pk = models.CompositePrimaryKey("chunk", "term")
    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="+", db_index=False)
    collection = models.ForeignKey(
        Collection, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    term = models.CharField(max_length=255)
    frequency = models.PositiveSmallIntegerField()

    class Meta:
        indexes = [models.Index(fields=["term", "collection"], include=["chunk", "frequency"], name="posting_term")]

    def __str__(self) -> str:
        return f"{self.term} × {self.frequency}"
