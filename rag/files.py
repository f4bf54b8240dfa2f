"""Files that scripts upload: on their own at first, then as documents of one or more collections.

The file of such a document is the same stored one, which stays until the last row that names it goes.
"""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User

FOLDER = "files/"


def stored_name(file: "StoredFile", filename: str) -> str:
    """The name in the storage is ours, and ends with the id."""
    return f"{FOLDER}{file.id.hex[:2]}/{file.id.hex}"


def id_in(name: str) -> uuid.UUID | None:
    """Of the file that is stored under the name; None if it belongs to one document alone."""
    return uuid.UUID(name.rpartition("/")[2]) if name.startswith(FOLDER) else None


class StoredFileQuerySet(models.QuerySet["StoredFile"]):
    def of(self, user: User) -> Self:
        return self.filter(owner=user).filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))

    def expired(self) -> Self:
        return self.filter(expires_at__lte=timezone.now())


class StoredFile(models.Model):
    """A file that its owner alone may put into collections."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=255)
    purpose = models.CharField(max_length=20, help_text="as its owner says")
    file = models.FileField(upload_to=stored_name)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"), null=True, db_index=True)

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = [models.Index(fields=["owner", "created_at", "id"], name="stored_file_page")]

    def __str__(self) -> str:
        return self.name


class FileBatch(models.Model):
    """Files that were put into a collection together."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey("rag.Collection", on_delete=models.CASCADE, related_name="+")
    documents = models.ManyToManyField("rag.Document", related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)
