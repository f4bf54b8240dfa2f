"""Files of one conversation: a collection that belongs to it alone."""

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from chat.models import Conversation
from rag import uploads
from rag.models import Collection, Document
from rag.states import State, state


def attach(conversation: Conversation, file: "UploadedFile[bytes]") -> Document:
    """Raises `rag.exceptions.UploadRefused`."""
    return uploads.accept(conversation.owner, _collection_of(conversation), file)


@transaction.atomic
def _collection_of(conversation: Conversation) -> Collection:
    # two files at once must not make two collections
    locked = Conversation.objects.select_for_update().get(id=conversation.id)
    if locked.attachments is None:
        locked.attachments = Collection.objects.create(
            owner=conversation.owner, name=_("Attachments"), is_attachment=True
        )
        locked.save(update_fields=["attachments"])
    return locked.attachments


class Chip(State):
    """What the composer's chip shows and where it asks further."""

    status_url: str
    detach_url: str


def chip(conversation: Conversation, document: Document) -> Chip:
    return {
        **state(document),
        "status_url": reverse("rag:document-status", args=[document.id]),
        "detach_url": reverse("chat:detach", args=[conversation.id, document.id]),
    }
