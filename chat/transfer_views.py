"""A history leaves, and comes in."""

from urllib.parse import quote
from uuid import UUID

from django.contrib import messages as notices
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.audit import Kind
from accounts.signing_in import person, sign_in_required
from chat.exceptions import FormatUnavailable, ImportRefused
from chat.exporting import files
from chat.importing import storing
from chat.views import find


@sign_in_required
@require_GET
def transfer(request: HttpRequest) -> HttpResponse:
    return render(request, "chat/transfer.html", {"formats": files.ALL_FORMATS})


@sign_in_required
@require_GET
def export(request: HttpRequest, conversation: UUID, format: str) -> HttpResponse | StreamingHttpResponse:
    try:
        return download(files.one(find(request, conversation), format))
    except FormatUnavailable:
        raise Http404 from None


@sign_in_required
@require_GET
def export_all(request: HttpRequest, format: str) -> HttpResponse | StreamingHttpResponse:
    try:
        file = files.everything(person(request), format)
    except FormatUnavailable:
        raise Http404 from None
    audit.record(Kind.EXPORTED, person(request), detail=f"all conversations: {format}")
    return download(file)


def download(file: files.File) -> StreamingHttpResponse:
    response = StreamingHttpResponse(file.content, content_type=file.media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name)}"
    response["X-AI-Generated"] = "true"
    return response


@sign_in_required
@require_POST
def take_over(request: HttpRequest) -> HttpResponse:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        notices.error(request, _("Choose a file first."))
        return redirect("chat:transfer")
    try:
        report = storing.take_over(person(request), file)
    except ImportRefused as error:
        notices.error(request, str(error))
        return redirect("chat:transfer")
    notices.success(request, " ".join(report.sentences()))
    if report.unreadable:
        which = ", ".join(map(str, report.unreadable[:20]))
        notices.warning(request, _("Not readable, counted from the beginning: %(which)s") % {"which": which})
    if report.broken_off:
        notices.error(request, _("The rest of the file was left out: %(why)s") % {"why": report.broken_off})
    return redirect("chat:transfer")
