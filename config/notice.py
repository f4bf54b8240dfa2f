"""The notice on data protection, to be read and agreed to. An admin's words, too, go through the one renderer."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET, require_http_methods

from accounts import notices, roles
from accounts.exceptions import NoticeChanged
from accounts.models import Notice
from accounts.signing_in import person, sign_in_required
from chat.rendering import render as render_markdown


@sign_in_required
@require_http_methods(["GET", "POST"])
def notice(request: HttpRequest) -> HttpResponse:
    """The version that holds now; whoever has yet to agree sees nothing else."""
    user, is_late = person(request), False
    if request.method == "POST":
        try:
            notices.agree(user, request.POST.get("version", ""))
            return redirect("chat:home")
        except NoticeChanged:
            is_late = True
    found = notices.current()
    if found is None:
        return redirect("about")
    status = NoticeChanged.status if is_late else 200
    return render(request, "notice.html", _context(found, is_due=notices.is_due(user), is_late=is_late), status=status)


@sign_in_required
@require_GET
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """An earlier one; a draft for those who see the configuration."""
    shown = Notice.objects.all()
    if not roles.may(person(request), roles.May.SEE_SETTINGS):
        shown = shown.exclude(published_at=None)
    found = get_object_or_404(shown, pk=pk)
    return render(request, "notice.html", _context(found, is_due=False))


def _context(found: Notice, **facts: bool) -> dict[str, object]:
    text, language = found.text()
    html = mark_safe(render_markdown(text))  # noqa: S308  (the renderer sanitises)
    return {"notice": found, "html": html, "language": language, **facts}
