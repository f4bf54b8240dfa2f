"""Documents, their versions, and what was read out of them."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.db.models.fields.files import FieldFile
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from rag import languages
from rag.collections import Collection, CollectionQuerySet, CollectionShare
from rag.exceptions import OnHold, ingestion_error
from rag.files import FileBatch, StoredFile
from rag.places import pages_left_out
from rag.texts import LABEL_LENGTH, DocumentText, DocumentVersion
from rag.vectors import EmbeddingIndex, IndexedDocument, Vector

__all__ = [
    "LABEL_LENGTH",
    "Chunk",
    "Collection",
    "CollectionQuerySet",
    "CollectionShare",
    "Document",
    "DocumentQuerySet",
    "DocumentText",
    "DocumentVersion",
    "EmbeddingIndex",
    "FileBatch",
    "IndexedDocument",
    "Posting",
    "StoredFile",
    "Vector",
]

REQUEUE_AFTER = timedelta(minutes=2)  # a message that the broker has held this long is taken for lost


def stored_name(document: "Document", filename: str) -> str:
    """The name in the storage is ours; nothing of the uploaded name reaches the file system."""
    return f"documents/{document.id.hex[:2]}/{document.id.hex}"


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(collection__in=Collection.objects.visible_to(user))

    def editable_by(self, user: User) -> Self:
        return self.filter(collection__in=Collection.objects.editable_by(user))

    def unfinished(self) -> Self:
        return self.filter(status__in=Document.UNFINISHED)

    def current(self) -> Self:
        """Without the new versions that are not ready to take a document's place."""
        return self.filter(replaces=None)

    def finished(self) -> Self:
        return self.exclude(status__in=Document.UNFINISHED)

    def lock(self) -> bool:
        """Wait for a worker that is just storing what it read, so that a deletion sees all there is."""
        ordered = self.order_by(models.F("replaces").asc(nulls_first=True), "pk")  # one order, or two wait for ever
        return bool(list(ordered.select_for_update().values_list("pk")))

    def requeue(self) -> int:
        """Back to the start of the queue, with all attempts ahead."""
        return self.update(
            status=Document.Status.QUEUED,
            error="",
            done=0,
            total=0,
            attempts=0,
            claim=None,
            lease_until=first_lease(),
        )


def first_lease() -> datetime:
    return timezone.now() + REQUEUE_AFTER


class Document(models.Model):
    """An uploaded file and the state of its ingestion.

    A new version is a row of its own that `replaces` this one. When it is ready it hands over all it has and goes;
    until then, and where it fails, this one stays as it is.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        PARSING = "parsing", _("being read")
        EMBEDDING = "embedding", _("being indexed")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    UNFINISHED = (Status.QUEUED, Status.PARSING, Status.EMBEDDING)
    STOPPED = (Status.FAILED, Status.CANCELLED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="documents")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    replaces = models.OneToOneField(
        "self", on_delete=models.CASCADE, null=True, editable=False, related_name="next_version"
    )
    folder = models.CharField(_("folder"), max_length=500, blank=True, help_text="as uploaded, parted by /")
    name = models.CharField(_("name"), max_length=255)
    file_id = models.UUIDField(null=True, editable=False, db_index=True, help_text="of the StoredFile it was made of")
    file = models.FileField(upload_to=stored_name)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    language = models.CharField(max_length=10, blank=True)
    attributes = models.JSONField(default=dict, blank=True, help_text="what a search may be narrowed by")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    error = models.CharField(_("reason"), max_length=50, blank=True, help_text="code of an IngestionError")
    left_out = ArrayField(models.PositiveIntegerField(), default=list, help_text="pages that nothing was read from")
    left_out_because = models.CharField(max_length=50, blank=True, help_text="code of an IngestionError")
    done = models.PositiveIntegerField(default=0, help_text="pages read or chunks embedded so far")
    total = models.PositiveIntegerField(default=0)
    chunk_count = models.PositiveIntegerField(default=0, help_text="with the next, what a search reckons with")
    term_count = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True, help_text="tells an overtaken worker that it is one")
    lease_until = models.DateTimeField(
        default=first_lease, help_text="until then a worker, or the broker while queued, is trusted to have it"
    )
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    used_at = models.DateTimeField(null=True, editable=False, help_text="last opened, or found by a search; to the day")

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["status", "lease_until"], name="document_sweep"),
            models.Index(fields=["collection", "-created_at"], name="document_newest"),  # in a long collection
            models.Index(fields=["collection", "folder", "name"], name="document_by_name"),
        ]
        constraints = [
            # a script tells its files apart by their ids, whatever they hold
            models.UniqueConstraint(
                fields=["collection", "sha256"], name="content_once_per_collection", condition=Q(file_id=None)
            ),
            models.UniqueConstraint(fields=["collection", "file_id"], name="file_once_per_collection"),
        ]

    already_there = False  # set by `uploads.accept` on what it recognised

    def __str__(self) -> str:
        return self.listed_name

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raises `OnHold`; a new version on its way may go."""
        if self.replaces_id is None and self.collection.is_held:
            raise OnHold
        with transaction.atomic():
            Document.objects.filter(pk=self.pk).lock()
            return super().delete(*args, **kwargs)

    @property
    def public_file_id(self) -> uuid.UUID:
        """By which scripts know its file; one that was uploaded in the pages is a file of its own."""
        return self.file_id or self.id

    @property
    def listed_name(self) -> str:
        """For who looks after the house: what is attached to a chat or a project is the business of its people."""
        return gettext("An attachment of a chat or project") if self.collection.is_attachment else self.name

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}" if self.folder else self.name

    def has_version(self, version: int) -> bool:
        return version == self.version or self.versions.filter(number=version).exists()

    def text_of(self, version: int) -> "DocumentText | DocumentVersion | None":
        """What was read out of that version; every span in a citation of it counts characters of this text."""
        if version == self.version:
            return DocumentText.objects.filter(document=self).first()
        return self.versions.filter(number=version).first()

    def file_of(self, version: int) -> FieldFile | None:
        if version == self.version:
            return self.file
        old = self.versions.filter(number=version).first()
        return old.file if old else None

    @property
    def reason(self) -> str:
        return str(ingestion_error(self.error)) if self.error else ""

    @property
    def remark(self) -> str:
        """What a reader of a document that is ready should know."""
        if not self.left_out:
            return ""
        return f"{pages_left_out(self.left_out)} {ingestion_error(self.left_out_because).of_pages}"

    @property
    def is_unfinished(self) -> bool:
        return self.status in self.UNFINISHED

    @property
    def is_stopped(self) -> bool:
        return self.status in self.STOPPED

    @property
    def language_name(self) -> str:
        return languages.name_of(self.language) if self.language else ""

    @property
    def progress(self) -> str:
        if not self.total or not self.is_unfinished:
            return ""
        if self.status == self.Status.PARSING:
            return gettext("page %(done)s of %(total)s") % {"done": self.done, "total": self.total}
        return gettext("part %(done)s of %(total)s") % {"done": self.done, "total": self.total}


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
    frequency = models.PositiveSmallIntegerField(help_text="in halves: a part of a compound is half a word")
    length = models.PositiveSmallIntegerField(default=0, help_text="terms of the chunk")

    class Meta:
        indexes = [
            models.Index(fields=["term", "collection"], include=["chunk", "frequency", "length"], name="posting_term")
        ]

    def __str__(self) -> str:
        return f"{self.term} × {self.frequency}"
