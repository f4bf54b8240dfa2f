"""Pages of one document. Every row comes through visible_to or editable_by: a stranger gets 404."""

from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.core.files import File
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.signing_in import person, sign_in_required
from rag import queueing
from rag.models import Document, DocumentText, DocumentVersion
from rag.pages import sheets, shown
from rag.sentences import Span
from rag.states import state

PIECE = 256 * 1024  # bytes


@sign_in_required
@require_GET
def document(request: HttpRequest, pk: str) -> HttpResponse:
    """The text that was read; ?start=…&end=… marks a passage and opens the sheet it stands on, ?back=… leads back.

    ?version=… opens a version that was replaced.
    """
    found = _visible(request, pk)
    if found.replaces_id:  # its page is that of the document it is going to be
        return redirect("rag:document", found.replaces_id)
    version = _version(request, found)
    content = found.text_of(version)
    context = {"document": found, "can_edit": _is_editable(request, found), "back": _back(request)}
    context |= {"version": version, "next_version": Document.objects.filter(replaces=found).first()}
    if content is not None:
        context |= _sheet(content, _span(request), request.GET.get("sheet", ""))
    return render(request, "rag/document.html", context)


@sign_in_required
@require_GET
def document_status(request: HttpRequest, pk: str) -> JsonResponse:
    return JsonResponse(state(_visible(request, pk)))


@sign_in_required
@require_GET
def download(request: HttpRequest, pk: str) -> StreamingHttpResponse:
    """The file as it was uploaded: a stranger's bytes, so never shown inside of our own pages."""
    found = _visible(request, pk)
    version = _version(request, found)
    kept = found if version == found.version else found.versions.get(number=version)
    response = StreamingHttpResponse(_pieces(kept.file.open("rb")), content_type=kept.media_type)
    response["Content-Length"] = str(kept.size)
    response["Content-Disposition"] = content_disposition_header(True, found.name) or "attachment"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@sign_in_required
@require_POST
def retry(request: HttpRequest, pk: str) -> HttpResponse:
    found = _editable(request, pk)
    queueing.retry(found)
    return redirect(_home_of(found))


@sign_in_required
@require_POST
def cancel(request: HttpRequest, pk: str) -> HttpResponse:
    found = _editable(request, pk)
    queueing.cancel(Document.objects.filter(pk=found.pk))
    return redirect(_home_of(found))


@sign_in_required
@require_http_methods(["GET", "POST"])
def delete_document(request: HttpRequest, pk: str) -> HttpResponse:
    found = _editable(request, pk)
    if request.method == "POST":
        found.delete()
        messages.success(request, _("“%(name)s” was deleted.") % {"name": found.name})
        return redirect(_home_of(found))
    return render(request, "rag/document_delete.html", {"document": found})


def _version(request: HttpRequest, found: Document) -> int:
    """The asked-for version; the current one for anything that is none of this document's."""
    asked = request.GET.get("version", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else found.version
    return number if found.has_version(number) else found.version


def _sheet(content: DocumentText | DocumentVersion, mark: Span, wanted: str) -> dict[str, object]:
    spans = sheets(content.text, content.page_starts)
    if mark[1]:
        number = next((n for n, (_start, end) in enumerate(spans, 1) if mark[0] < end), len(spans))
    else:
        number = min(max(int(wanted), 1), len(spans)) if wanted.isascii() and wanted.isdigit() else 1
    return {
        "paragraphs": (
            (paragraph, content.place(paragraph.page))
            for paragraph in shown(content.text, content.page_starts, spans[number - 1], mark)
        ),
        "sheet": number,
        "sheet_count": len(spans),
    }


def _span(request: HttpRequest) -> Span:
    """The asked-for passage; (0, 0), which marks nothing, for anything that is none."""
    start, end = request.GET.get("start", ""), request.GET.get("end", "")
    if not all(text.isascii() and text.isdigit() and len(text) < 10 for text in (start, end)):
        return 0, 0
    return (int(start), int(end)) if int(start) < int(end) else (0, 0)


def _back(request: HttpRequest) -> str:
    """The asked-for way back; empty for anything but a path of this site."""
    back = request.GET.get("back", "")
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if is_ours else ""


async def _pieces(file: "File[bytes]") -> AsyncIterator[bytes]:
    """Piece by piece: Django would read a synchronous iterator to its end before it sends the first byte."""
    read, close = sync_to_async(file.read), sync_to_async(file.close)
    try:
        while piece := await read(PIECE):
            yield piece
    finally:
        await close()


def _visible(request: HttpRequest, pk: str) -> Document:
    visible = Document.objects.visible_to(person(request)).select_related("collection")
    return get_object_or_404(visible, pk=pk)


def _editable(request: HttpRequest, pk: str) -> Document:
    editable = Document.objects.editable_by(person(request)).select_related("collection")
    return get_object_or_404(editable, pk=pk)


def _is_editable(request: HttpRequest, found: Document) -> bool:
    return Document.objects.editable_by(person(request)).filter(pk=found.pk).exists()


def _home_of(found: Document) -> str:
    """The page of its collection; the files of a conversation have none."""
    if found.collection.is_attachment:
        return reverse("rag:collections")
    return reverse("rag:collection", args=[found.collection_id])
