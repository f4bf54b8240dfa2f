"""Receipts of answers, for who asked and for who reads a share."""

from django.http import Http404, HttpRequest

from accounts.rest.operations import Operations, found
from accounts.rest.shapes import Id
from accounts.signing_in import person
from chat import disclosure, sharing
from chat.models import Message, Share
from chat.rest.receipt_shapes import ReceiptShape
from gateway.models import Scope

operations = Operations("messages", read=Scope.CHAT, write=Scope.CHAT)


@operations.get("messages/{uuid:message}/receipt", response=ReceiptShape)
def get_receipt(request: HttpRequest, message: Id) -> ReceiptShape:
    """Who wrote an answer and where, what left the house, what it took."""
    answers = Message.objects.visible_to(person(request)).filter(role=Message.Role.ASSISTANT)
    answer = found(answers.select_related("conversation"), pk=message)
    return ReceiptShape.of(answer, disclosure.to_owner(answer))


@operations.get("shares/{uuid:share}/messages/{uuid:message}/receipt", response=ReceiptShape)
def get_shared_receipt(request: HttpRequest, share: Id, message: Id) -> ReceiptShape:
    """The same of an answer that is shared, without the money of who asked."""
    reader = person(request)
    row = found(Share.objects.visible_to(reader).select_related("conversation"), pk=share)
    answer = sharing.answer_in(row, message)
    if answer is None:
        raise Http404
    return ReceiptShape.of(answer, disclosure.to_reader(answer, sharing.openable(reader, answer)))
