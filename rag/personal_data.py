"""A person's collections and files (see `accounts.belongings`). What they put into collections of teams and of others
stays there, and no longer says by whom."""

from collections.abc import Iterator
from typing import Any, cast

from django.core.cache import cache
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from accounts.audit import Kind, record
from accounts.belongings import Count, Heirloom, Part, json_file
from accounts.models import Team, User
from accounts.personal_data import forget_in_panel
from rag.models import Chunk, Collection, CollectionShare, Document, DocumentVersion, Posting, StoredFile, Vector
from rag.uploads import cleaned_name

PIECE = 64 * 1024  # bytes
COLLECTION = ("id", "name", "purpose", "data_class", "valid_until", "is_attachment", "created_at")
DOCUMENT = ("id", "collection_id", "folder", "name", "media_type", "size", "sha256", "version", "language",
            "attributes", "status", "created_at")  # fmt: skip
FILE = ("id", "name", "purpose", "media_type", "size", "sha256", "created_at", "expires_at")
SHARE = ("collection_id", "user__email", "team__name", "role")


def export(user: User) -> Iterator[Part]:
    own = Collection.objects.filter(owner=user)
    documents = Document.objects.filter(collection__owner=user)
    elsewhere = Document.objects.filter(uploaded_by=user).exclude(collection__owner=user)
    yield json_file("collections", own.values(*COLLECTION))
    yield json_file("collections_shares", CollectionShare.objects.filter(collection__owner=user).values(*SHARE))
    yield json_file("documents", documents.values(*DOCUMENT).iterator(chunk_size=1_000))
    yield json_file("documents_elsewhere", elsewhere.values(*DOCUMENT).iterator(chunk_size=1_000))
    yield json_file("files_of_scripts", StoredFile.objects.filter(owner=user).values(*FILE))
    for document in documents.iterator(chunk_size=100):
        yield f"files/{document.id}/{cleaned_name(document.name)}", _pieces(document.file)
    for old in DocumentVersion.objects.filter(document__collection__owner=user).iterator(chunk_size=100):
        yield f"files/{old.document_id}/version {old.number}", _pieces(old.file)
    for stored in StoredFile.objects.filter(owner=user).iterator(chunk_size=100):
        yield f"files_of_scripts/{stored.id}/{cleaned_name(stored.name)}", _pieces(stored.file)


def _pieces(file: FieldFile) -> Iterator[bytes]:
    """Nothing of a file that is away: the rest is worth having."""
    if file.name and file.storage.exists(file.name):
        with file.storage.open(file.name) as opened:
            while piece := opened.read(PIECE):
                yield piece


def stored_files(user: User) -> list[str]:
    documents = Document.objects.filter(collection__owner=user).values_list("file", flat=True)
    versions = DocumentVersion.objects.filter(document__collection__owner=user).values_list("file", flat=True)
    stored = StoredFile.objects.filter(owner=user).values_list("file", flat=True)
    return [name for names in (documents, versions, stored) for name in names if name]


def to_hand_over(user: User) -> list[Heirloom]:
    shared = Collection.objects.filter(owner=user, is_attachment=False, shares__isnull=False).distinct()
    return [_heirloom(collection) for collection in shared]


def _heirloom(collection: Collection) -> Heirloom:
    shares = CollectionShare.objects.filter(collection=collection).select_related("user", "team")
    heirs = [
        (f"team:{share.team_id}", _("the team %(name)s") % {"name": share.team})
        if share.team_id
        else (f"user:{share.user_id}", str(share.user))
        for share in shares
    ]
    return Heirloom("collection", str(collection.pk), _("Collection “%(name)s”") % {"name": collection}, heirs)


def hand_over(user: User, kind: str, pk: str, heir: str) -> None:
    """To one of those it is shared with; else it goes."""
    if kind != "collection":
        return
    with transaction.atomic():
        collection = Collection.objects.select_for_update().filter(pk=pk, owner=user, withdrawn=False).first()
        whose, _colon, who = heir.partition(":")
        if collection is None or heir not in dict(_heirloom(collection).heirs):
            return
        collection.owner = User.objects.get(pk=who) if whose == "user" else None
        collection.team = Team.objects.get(pk=who) if whose == "team" else None
        collection.save(update_fields=["owner", "team"])
        CollectionShare.objects.filter(collection=collection, **{whose: who}).delete()
        record(Kind.HANDED_OVER, collection, detail=heir)


def erase(user: User, count: Count) -> None:
    for collection in Collection.objects.filter(owner=user):
        erase_collection(collection, count)
    for stored in StoredFile.objects.filter(owner=user):
        with transaction.atomic():
            count("files", 1)
            stored.delete()


def erase_collection(collection: Collection, count: Count) -> None:
    """One document at a time, so that no transaction grows long."""
    documents = list(Document.objects.filter(collection=collection).values_list("pk", flat=True))
    cast(Any, cache).forget("page", set(map(str, documents)))
    for pk in documents:
        with transaction.atomic():
            _count(Document.objects.filter(pk=pk), count)
            forget_in_panel(pk)
            for document in Document.objects.filter(pk=pk):
                document.delete()
    with transaction.atomic():
        count("collections", 1)
        collection.delete()
        forget_in_panel(collection.pk)


def _count(documents: Any, count: Count) -> None:
    chunks = Chunk.objects.filter(document__in=documents)
    count("documents", documents.count())
    count("older versions of documents", DocumentVersion.objects.filter(document__in=documents).count())
    count("passages", chunks.count())
    count("search words", Posting.objects.filter(chunk__in=chunks).count())
    count("vectors", Vector.objects.filter(chunk__in=chunks).count())
