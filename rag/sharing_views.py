"""Sharing a collection, by those who manage it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.audit import Kind
from accounts.signing_in import sign_in_required
from rag.forms import ShareForm
from rag.views import collection_page, managed


@sign_in_required
@require_POST
def share(request: HttpRequest, pk: str) -> HttpResponse:
    found = managed(request, pk)
    form = ShareForm(request.POST, collection=found)
    if not form.is_valid():
        return collection_page(request, found, form, status=400)
    form.save()
    messages.success(request, _("Shared with %(name)s.") % {"name": form.other})
    return redirect("rag:collection", pk)


@sign_in_required
@require_POST
def unshare(request: HttpRequest, pk: str, share_id: int) -> HttpResponse:
    found = get_object_or_404(managed(request, pk).shares, pk=share_id)
    found.delete()
    audit.record(Kind.SHARE_TAKEN, found.collection, detail=found.described())
    messages.success(request, _("No longer shared."))
    return redirect("rag:collection", pk)
