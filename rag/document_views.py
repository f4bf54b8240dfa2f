"""Pages of one document. Every row comes through visible_to or editable_by: a stranger gets 404."""

from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.core.files import File
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.acting import reads_as_its_person
from accounts.audit import Kind
from accounts.signing_in import person, sign_in_required
from rag import page_pictures, queueing, use
from rag.editions import Edition, edition
from rag.exceptions import PageNotDrawn
from rag.formats import PDF
from rag.models import Document
from rag.sentences import Span
from rag.states import state
from rag.viewing import Leaf

PIECE = 256 * 1024  # bytes
ZOOMS = (100, 150, 200, 300)  # percent of the room there is


@sign_in_required
@require_GET
async def document(request: HttpRequest, pk: str) -> HttpResponse:
    """The document, open where ?start=…&end=… stands, which is marked; ?page=… turns to another page.

    ?version=… opens a version that was replaced. Whoever leads here may name the way back and the passages before and
    after this one: ?back=…&previous=…&next=….
    """
    shown, about = await sync_to_async(_opened)(request, pk)
    await sync_to_async(use.note)([shown.document.pk])
    if shown.document.replaces_id:  # its page is that of the document it is going to be
        return redirect("rag:document", shown.document.replaces_id)
    context: dict[str, object] = {"document": shown.document, "version": shown.version, **about, **_ways(request)}
    if shown.content is not None:
        leaf = Leaf(shown, _span(request), _number(request, "page"))
        await leaf.draw()
        context |= {"leaf": leaf, "zoom": _zoom(request)}
    return await sync_to_async(render)(request, "rag/document.html", context)


@sign_in_required
@require_GET
async def page_picture(request: HttpRequest, pk: str, page: int) -> HttpResponse:
    """A page of a PDF as a picture. A browser may keep it, but asks each time whether it may still show it."""
    shown, _about = await sync_to_async(_opened)(request, pk)
    width = min(page_pictures.WIDTHS, key=lambda width: abs(width - (_number(request, "width") or 0)))
    if shown.content is None or shown.media_type != PDF or not 1 <= page <= len(shown.content.page_starts):
        raise Http404
    etag = f'"{shown.document.pk.hex}-{shown.version}-{page}-{width}"'
    try:
        known = get_conditional_response(request, etag)
        response = known or HttpResponse(await page_pictures.picture(shown, page, width), content_type="image/webp")
    except PageNotDrawn as error:
        return HttpResponse(str(error), status=error.status, content_type="text/plain; charset=utf-8")
    response["ETag"], response["Cache-Control"] = etag, "private, no-cache"
    return response


@sign_in_required
@require_GET
@reads_as_its_person
def document_status(request: HttpRequest, pk: str) -> JsonResponse:
    return JsonResponse(state(_visible(request, pk)))


@sign_in_required
@require_GET
@reads_as_its_person
def download(request: HttpRequest, pk: str) -> StreamingHttpResponse:
    """The file as it was uploaded: a stranger's bytes, so never shown inside of our own pages."""
    found = _visible(request, pk)
    return sent(edition(found, _version(request, found)))


def sent(kept: Edition) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_pieces(kept.file.open("rb")), content_type=kept.media_type)
    response["Content-Length"] = str(kept.size)
    response["Content-Disposition"] = content_disposition_header(True, kept.document.name) or "attachment"
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
        audit.record(Kind.DELETED, found)
        found.delete()
        messages.success(request, _("“%(name)s” was deleted.") % {"name": found.name})
        return redirect(_home_of(found))
    return render(request, "rag/document_delete.html", {"document": found})


@reads_as_its_person
def _opened(request: HttpRequest, pk: str) -> tuple[Edition, dict[str, object]]:
    found = _visible(request, pk)
    replacing = Document.objects.filter(replaces=found).first()
    return edition(found, _version(request, found)), {
        "can_edit": _is_editable(request, found),
        "next_version": replacing,
    }


def _version(request: HttpRequest, found: Document) -> int:
    """The asked-for version; the current one for anything that is none of this document's."""
    number = _number(request, "version")
    return number if number is not None and found.has_version(number) else found.version


def _number(request: HttpRequest, name: str) -> int | None:
    """None for anything that is no number."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _span(request: HttpRequest) -> Span:
    """The asked-for passage; (0, 0), which marks nothing, for anything that is none."""
    start, end = _number(request, "start"), _number(request, "end")
    return (start, end) if start is not None and end is not None and start < end else (0, 0)


def _zoom(request: HttpRequest) -> dict[str, int | None]:
    asked = _number(request, "zoom")
    step = ZOOMS.index(asked) if asked in ZOOMS else 0
    around = [None, *ZOOMS, None]
    return {"smaller": around[step], "percent": ZOOMS[step], "larger": around[step + 2]}


def _ways(request: HttpRequest) -> dict[str, object]:
    """The asked-for ways out; empty for anything but a path of this site."""
    ways = {name: request.GET.get(name, "") for name in ("back", "previous", "next")}
    ours = {
        name: path if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None) else ""
        for name, path in ways.items()
    }
    from_search = ours["back"].startswith(reverse("rag:collections"))
    return {**ours, "from_search": from_search, "source": _number(request, "source")}


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
