"""What is done with chosen documents of a collection at once."""

from django.db import transaction

from accounts.models import User
from rag.exceptions import MayNotLeave, RagError
from rag.models import Collection, Document, DocumentQuerySet
from rag.moving import move


def move_all(
    user: User, documents: DocumentQuerySet, source: Collection, target: Collection
) -> list[tuple[str, RagError]]:
    """Moves those that can be; returns the names of the others with the reasons.

    Both collections are ones that the user may edit. What is confidential leaves only with one who manages it.
    """
    is_manager = Collection.objects.managed_by(user).filter(pk=source.pk).exists()
    if source.is_confidential and not target.is_confidential and not is_manager:
        return [(document.name, MayNotLeave()) for document in documents]
    refused: list[tuple[str, RagError]] = []
    for document in documents.current().order_by("pk"):
        try:
            _move(document, target)
        except RagError as error:
            refused.append((document.name, error))
    return refused


@transaction.atomic
def _move(document: Document, target: Collection) -> None:
    """With the new version that is under way, if there is one."""
    move(document, target)
    for new in Document.objects.filter(replaces=document):
        move(new, target)
