"""What webhooks are told of documents."""

from accounts.models import User
from gateway.deliveries import Tellers
from gateway.models import Event
from rag.models import Document


def document(user: User | None, object_id: str, with_content: bool) -> dict[str, object] | None:
    """The reason is of ours, and no content; the name is. The house hears of none."""
    theirs = Document.objects.visible_to(user) if user else Document.objects.none()
    found = theirs.select_related("collection").filter(pk=object_id).first()
    if found is None:
        return None
    about = {"id": str(found.pk), "collection_id": str(found.collection_id), "version": found.version}
    told = about | {"status": found.status, "error": found.error or None}
    if with_content and not found.collection.is_confidential:
        told |= {"name": found.name, "collection": found.collection.name}
    return told


TELLERS: Tellers = {Event.DOCUMENT_READY: document, Event.DOCUMENT_FAILED: document}
