"""What stands for the meaning of chunks: vectors, each in the index of the embedding model that made it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField

from gateway.models import Deployment

LARGEST_SORTED = 4_000  # dimensions that an HNSW index over half precision takes; more are compared one by one


class EmbeddingIndexQuerySet(models.QuerySet["EmbeddingIndex"]):
    def active(self) -> Self:
        return self.filter(state=EmbeddingIndex.State.ACTIVE)

    def building(self) -> Self:
        return self.filter(state=EmbeddingIndex.State.BUILDING)

    def growing(self) -> Self:
        """Those that every document belongs into."""
        return self.filter(state__in=[EmbeddingIndex.State.ACTIVE, EmbeddingIndex.State.BUILDING])


class EmbeddingIndex(models.Model):
    """All vectors by one embedding model, and what is known of it. One is searched; another may be built beside."""

    class State(models.TextChoices):
        BUILDING = "building", _("being built")
        ACTIVE = "active", _("in use")
        RETIRED = "retired", _("kept for a while")
        DROPPED = "dropped", _("being removed")

    model = models.CharField(
        _("model"), max_length=200, help_text=_("What its server calls it; the offer may be renamed.")
    )
    dimension = models.PositiveIntegerField(_("numbers a vector"), null=True, editable=False)
    query_prefix = models.CharField(
        _("before a question"),
        max_length=500,
        blank=True,
        help_text=_("Many models expect a few words before what they read; this one got these with each question."),
    )
    passage_prefix = models.CharField(_("before a passage"), max_length=500, blank=True)
    calibration = models.JSONField(default=dict, editable=False, help_text="how far it is trusted, see rag.calibration")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.BUILDING, editable=False)
    error = models.CharField(_("reason"), max_length=50, blank=True, editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False, help_text="in a row that failed")
    lease_until = models.DateTimeField(default=timezone.now, editable=False, help_text="until then a worker has it")
    adopted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("adopted by"),
    )
    created_at = models.DateTimeField(_("adopted"), auto_now_add=True)
    retired_at = models.DateTimeField(_("out of use since"), null=True, editable=False)

    objects = EmbeddingIndexQuerySet.as_manager()

    class Meta:
        verbose_name = _("embedding model")
        verbose_name_plural = _("embedding models")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["state"], name="one_index_in_use", condition=Q(state="active")),
            models.UniqueConstraint(fields=["state"], name="one_index_being_built", condition=Q(state="building")),
        ]

    def __str__(self) -> str:
        return self.model

    @property
    def hnsw(self) -> str:
        """The name of its index in the database, for as long as there is one."""
        return f"rag_vector_hnsw_{self.pk}"

    @property
    def can_be_sorted(self) -> bool:
        return self.dimension is not None and self.dimension <= LARGEST_SORTED

    def offers(self) -> models.QuerySet[Deployment]:
        """Whoever serves this model, the default first."""
        return Deployment.objects.serving(Deployment.Kind.EMBEDDING).filter(model=self.model)


class IndexedDocument(models.Model):
    """A document whose chunks all have their vectors in an index. Searches count by it, rebuilding goes on by it."""

    document = models.ForeignKey("rag.Document", on_delete=models.CASCADE, related_name="+", db_index=False)
    index = models.ForeignKey(EmbeddingIndex, on_delete=models.CASCADE, related_name="documents")
    vectors = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "index"], include=["vectors"], name="indexed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} in {self.index_id}"

    @staticmethod
    def covering(index: EmbeddingIndex) -> Exists:
        """A condition on documents: this index has all of it."""
        return Exists(IndexedDocument.objects.filter(index=index, document=OuterRef("pk")))


class Vector(models.Model):
    """The embedding of a part of about 250 characters of a chunk. Narrow, because it is what gets scanned."""

    chunk = models.ForeignKey("rag.Chunk", on_delete=models.CASCADE, related_name="+")
    collection = models.ForeignKey("rag.Collection", on_delete=models.CASCADE, related_name="+", db_index=False)
    index = models.ForeignKey(EmbeddingIndex, on_delete=models.CASCADE, related_name="+", db_index=False)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    embedding = HalfVectorField()

    class Meta:
        indexes = [models.Index(fields=["collection", "index"], name="vector_scope")]

    def __str__(self) -> str:
        return f"{self.chunk_id}[{self.start}:{self.end}]"
