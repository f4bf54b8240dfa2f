"""A conversation goes on from one of its messages as another one, with all that was said up to there.

The attached files are copied, too, and read again: each conversation has its own, and deleting one must not take them
from the other.
"""

import re

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from chat import asking, attachments, copying
from chat.context import stays_in_house
from chat.exceptions import AnswerRunning
from chat.models import Conversation, Message
from rag.exceptions import UploadRefused
from rag.models import Document

NUMBERED = re.compile(r" \((\d{1,4})\)$")
LONGEST_TITLE = 150


def fork(message: Message) -> tuple[Conversation, list[str]]:
    """The new conversation, and the names of files that could not be copied. Raises `AnswerRunning`."""
    if message.is_running:
        raise AnswerRunning
    own = _with_messages(message)
    return own, _copy_files(message.conversation, own)


@transaction.atomic
def _with_messages(message: Message) -> Conversation:
    source = message.conversation
    branch = source.branch(message.id)
    said = source.in_order(branch[: branch.index(message.id) + 1])
    own = Conversation.objects.create(
        owner=source.owner,
        title=title_beside(source),
        titled=True,
        model=source.model,
        project=source.project,
        keeps_in_house=stays_in_house(source),
    )
    own.collections.set(source.collections.all())
    copies = copying.copy(said, own, copying.OWN, lambda citation: True)
    asking.show(copies[-1])
    return own


def title_beside(source: Conversation) -> str:
    """The title with the next number that none of the owner's conversations bears."""
    plain = NUMBERED.sub("", str(source))[: LONGEST_TITLE - 7]
    begun = Conversation.objects.filter(owner=source.owner, title__startswith=plain)
    taken = set(begun.values_list("title", flat=True))
    return next(title for number in range(2, len(taken) + 3) if (title := f"{plain} ({number})") not in taken)


def _copy_files(source: Conversation, own: Conversation) -> list[str]:
    refused = []
    for document in Document.objects.filter(collection=source.attachments_id) if source.attachments_id else ():
        try:
            with document.file.open() as file:
                attachments.attach(own, UploadedFile(file, name=document.name, size=document.size))
        except (UploadRefused, OSError):  # also one whose file is gone from the disk
            refused.append(document.name)
    return refused
