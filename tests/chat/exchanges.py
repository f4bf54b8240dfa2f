"""Questions that were answered, without a model."""

from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from chat import asking
from chat.models import Citation, Conversation, Message
from rag.models import Collection, Document


def answered(conversation: Conversation, question: str = "Wann?", text: str = "Um neun.", **fields: object) -> Message:
    _, answer = asking.ask(conversation, question)
    done = {"status": Message.Status.DONE, "text": text, "model": "parrot", "lease_until": None, **fields}
    Message.objects.filter(id=answer.id).update(**done)
    answer.refresh_from_db()
    return answer


def conversation_of(owner: User, question: str = "Wann?", answer: str = "Um neun.", **fields: object) -> Conversation:
    new = Conversation.objects.create(owner=owner, **fields)
    answered(new, question, answer)
    return new


def last_used(conversation: Conversation, days_ago: float) -> datetime:
    when = timezone.now() - timedelta(days=days_ago)
    Conversation.objects.filter(id=conversation.id).update(updated_at=when)
    return when


def cite(answer: Message, document: Document | None, number: int = 1, text: str = "Dreißig Tage.") -> Citation:
    Message.objects.filter(id=answer.id).update(searched=True)
    name = document.name if document else "Fort.pdf"
    span = {"start": 0, "end": len(text), "focus_start": 0, "focus_end": len(text)}
    return answer.citations.create(
        number=number, document=document, document_name=name, version=1, page=2, text=text, **span
    )


def document_of(owner: User, name: str = "Handbuch.pdf") -> Document:
    collection = Collection.objects.create(owner=owner, name="Haus")
    return Document.objects.create(collection=collection, name=name, size=1)
