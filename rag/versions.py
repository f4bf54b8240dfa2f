"""A new version takes a document's place: text, chunks and file at once, and the old ones stay for their citations."""

from rag.models import Collection, Document, DocumentText, DocumentVersion
from rag.removal import release

HANDED_OVER = ("uploaded_by_id", "file", "media_type", "size", "sha256", "language", "created_at", "done", "total")


def locked(new: Document) -> Document | None:
    """What `new` replaces, for as long as the transaction lasts; always locked before `new` itself."""
    if new.replaces_id is None:
        return None
    return Document.objects.select_for_update(of=("self",)).filter(pk=new.replaces_id).first()


def take_over(old: Document, new: Document) -> Document:
    """Within a transaction that holds both. The row of `old` stays, with all that `new` has; its chunks are left."""
    content = DocumentText.objects.filter(document=old).first()
    if content:
        _keep(old, content)
    new.refresh_from_db()
    taken = {name: getattr(new, name) for name in HANDED_OVER}
    Document.objects.filter(pk=new.pk).update(file="")
    new.refresh_from_db()
    new.delete()
    Document.objects.filter(pk=old.pk).update(
        **taken, version=old.version + 1 if content else old.version, status=Document.Status.READY, error="", claim=None
    )
    if not content:  # nothing cites what was never read
        release(old.file)
    old.refresh_from_db()
    return old


def predecessor(new: Document) -> Document | None:
    """The document whose name and folder a new file has. Waits for who else just adds files to the collection."""
    Collection.objects.select_for_update(no_key=True).filter(pk=new.collection_id).first()
    same = Document.objects.current().filter(collection=new.collection_id, folder=new.folder, name=new.name)
    return same.order_by("created_at").last()


def begin(new: Document, old: Document) -> None:
    """Within a transaction, before `new` is stored. Of two new versions under way only the newer one goes on."""
    for overtaken in Document.objects.filter(replaces=old):
        overtaken.delete()
    new.replaces = old


def _keep(old: Document, content: DocumentText) -> None:
    DocumentVersion.objects.create(
        document=old,
        number=old.version,
        uploaded_by_id=old.uploaded_by_id,
        file=old.file.name,
        media_type=old.media_type,
        size=old.size,
        sha256=old.sha256,
        language=old.language,
        created_at=old.created_at,
        text=content.text,
        page_starts=content.page_starts,
        page_kind=content.page_kind,
        page_labels=content.page_labels,
    )
