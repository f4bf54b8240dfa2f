"""What was read out of the versions of a document."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from rag.places import place

LABEL_LENGTH = 100


class Content(models.Model):
    """What was read out of a document; every span of ours counts characters of `text`."""

    text = models.TextField()
    page_starts = ArrayField(models.PositiveIntegerField(), default=list, help_text="empty where pages mean nothing")
    page_kind = models.CharField(max_length=10, blank=True, help_text="page, slide, sheet or section")
    page_labels = ArrayField(
        models.CharField(max_length=LABEL_LENGTH), default=list, help_text="empty where the number says it all"
    )

    class Meta:
        abstract = True

    def place(self, page: int | None) -> str:
        """How people call a page of it: page 3, slide 3, sheet Budget."""
        label = self.page_labels[page - 1] if page and page <= len(self.page_labels) else ""
        return place(self.page_kind, page, label)


class DocumentText(Content):
    document = models.OneToOneField("rag.Document", on_delete=models.CASCADE, primary_key=True, related_name="content")

    def __str__(self) -> str:
        return str(self.document_id)


class DocumentVersion(Content):
    """A version that was replaced, with its file and text: citations of it stay open."""

    document = models.ForeignKey("rag.Document", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    file = models.FileField()
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    language = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField(_("uploaded"))

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="version_once")]

    def __str__(self) -> str:
        return f"{self.document_id} ({self.number})"
