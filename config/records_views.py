"""In the panel: the records of processing, to read and to take away, in every language we speak."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from accounts import audit, roles
from accounts.audit import Kind
from accounts.roles import May
from config import records as written

WRITERS: dict[str, tuple[Callable[[], bytes], str]] = {
    "md": (written.markdown, "text/markdown; charset=utf-8"),
    "odt": (written.odt, "application/vnd.oasis.opendocument.text"),
}
ENDINGS = {"md": "Markdown", "odt": "OpenDocument"}


def records(request: HttpRequest) -> HttpResponse:
    _refuse_others(request)
    context: dict[str, Any] = {
        "title": written.title(),
        "sections": written.sections(),
        "languages": settings.LANGUAGES,
    }
    context |= {"may_change": roles.may(request.user, May.CHANGE_SETTINGS), "endings": ENDINGS.items()}
    return render(request, "data/panel_records.html", {**admin.site.each_context(request), **context})


def download(request: HttpRequest, ending: str) -> HttpResponse:
    _refuse_others(request)
    language = request.GET.get("language") or translation.get_language()
    if ending not in WRITERS or language not in dict(settings.LANGUAGES):
        raise Http404
    write, media_type = WRITERS[ending]
    with translation.override(language):
        response = HttpResponse(write(), content_type=media_type)
    audit.record(Kind.EXPORTED, detail="records of processing")
    response["Content-Disposition"] = f'attachment; filename="records-{language}.{ending}"'
    return response


def _refuse_others(request: HttpRequest) -> None:
    if not roles.may(request.user, May.SEE_SETTINGS):
        raise PermissionDenied
