"""The page of a conversation that nobody keeps."""

from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.signing_in import person, sign_in_required
from chat import conversations, temporary
from chat.exceptions import ChatError
from chat.forms import TemporaryForm


@sign_in_required
@require_GET
def temporary_page(request: HttpRequest) -> HttpResponse:
    return render(request, "chat/temporary.html", conversations.page(person(request), None))


@sign_in_required
@require_POST
async def ask_temporarily(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    try:
        asked = await sync_to_async(_question)(request)
    except ChatError as error:
        return JsonResponse({"error": error.code, "message": str(error)}, status=error.status)
    lines: AsyncIterator[bytes] = temporary.answer(asked)
    response = StreamingHttpResponse(lines, content_type="application/x-ndjson")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def _question(request: HttpRequest) -> temporary.Question:
    return TemporaryForm(request.POST).question(person(request))
