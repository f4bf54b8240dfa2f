"""The panel's page of jobs: whether anybody works, what waits, what failed and may be tried again."""

from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

import rag.jobs
from accounts import roles
from accounts.roles import May
from config.running import diagnosis
from config.running.exceptions import StartError

LISTED = 100


def page(request: HttpRequest) -> HttpResponse:
    if not roles.may(request.user, May.SEE_FILES):
        raise PermissionDenied
    if request.method == "POST":
        return _try_again(request)
    stopped = rag.jobs.stopped()
    context = {
        **admin.site.each_context(request),
        "title": _("Jobs"),
        "workers": _workers(),
        "counted": rag.jobs.counted(),
        "waiting_since": rag.jobs.waiting_since(),
        "stopped": stopped[:LISTED],
        "more": max(0, stopped.count() - LISTED),
    }
    return render(request, "config/panel_jobs.html", context)


def _workers() -> int:
    try:
        return diagnosis.workers()
    except StartError:
        return 0


def _try_again(request: HttpRequest) -> HttpResponse:
    if not roles.may(request.user, May.CHANGE_SETTINGS):
        raise PermissionDenied
    try:
        which = UUID(request.POST["document"]) if "document" in request.POST else None
    except ValueError:
        raise BadRequest from None
    count = rag.jobs.try_again(which)
    text = ngettext("%(n)d document queued.", "%(n)d documents queued.", count)
    messages.success(request, text % {"n": count})
    return redirect("jobs")
