"""Receipts of answers, for who asked and for who reads a share."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.signing_in import person, sign_in_required
from chat import disclosure, sharing
from chat.models import Message, Share


@sign_in_required
@require_GET
def receipt(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    answers = Message.objects.visible_to(person(request)).filter(role=Message.Role.ASSISTANT)
    found = get_object_or_404(answers.select_related("conversation"), id=message, conversation=conversation)
    return render(request, "chat/receipt.html", {"receipt": disclosure.to_owner(found), "message": found})


@sign_in_required
@require_GET
def shared_receipt(request: HttpRequest, share: UUID, message: UUID) -> HttpResponse:
    reader = person(request)
    found = get_object_or_404(Share.objects.visible_to(reader).select_related("conversation"), id=share)
    answer = sharing.answer_in(found, message)
    if answer is None:
        raise Http404
    context = {"receipt": disclosure.to_reader(answer, sharing.openable(reader, answer)), "message": answer}
    return render(request, "chat/receipt.html", context | {"share": found})
