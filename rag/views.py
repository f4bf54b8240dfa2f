"""Pages of collections. Every row comes through visible_to, editable_by or managed_by: a stranger gets 404."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.first_steps import BACK
from accounts.signing_in import person, sign_in_required
from rag import formats, listing, retention, sharing
from rag.exceptions import FileTooLarge, TypeNotAllowed
from rag.forms import CollectionForm, DocumentListForm, MoveForm, NewCollectionForm, ShareForm
from rag.models import Collection, CollectionShare
from rag.states import state

DOCUMENTS_PER_PAGE = 50


@sign_in_required
@require_GET
def collections(request: HttpRequest) -> HttpResponse:
    user = person(request)
    visible = Collection.objects.visible_to(user).knowledge().select_related("owner", "team")
    found = list(visible.annotate(document_count=Count("documents", filter=Q(documents__replaces=None))))
    groups = [
        (_("Yours"), [each for each in found if each.owner_id == user.pk]),
        (_("Your teams'"), [each for each in found if each.team_id]),
        (_("Shared with you"), [each for each in found if each.owner_id and each.owner_id != user.pk]),
    ]
    ending = Collection.objects.managed_by(user).knowledge().ending()
    return render(request, "rag/collections.html", {"groups": groups, "is_empty": not found, "ending": ending})


@sign_in_required
@require_http_methods(["GET", "POST"])
def create_collection(request: HttpRequest) -> HttpResponse:
    form = NewCollectionForm(request.POST or None, user=person(request))
    if form.is_valid():
        way_back = f"?{BACK}" if BACK in request.GET else ""
        return redirect(reverse("rag:collection", args=[form.save().pk]) + way_back)
    return render(request, "rag/collection_form.html", {"form": form})


@sign_in_required
@require_GET
def collection(request: HttpRequest, pk: str) -> HttpResponse:
    return collection_page(request, visible(request, pk))


@sign_in_required
@require_http_methods(["GET", "POST"])
def edit_collection(request: HttpRequest, pk: str) -> HttpResponse:
    found = managed(request, pk)
    form = CollectionForm(request.POST or None, instance=found)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("rag:collection", pk)
    return render(request, "rag/collection_form.html", {"form": form, "collection": found})


@sign_in_required
@require_http_methods(["GET", "POST"])
def delete_collection(request: HttpRequest, pk: str) -> HttpResponse:
    found = managed(request, pk)
    if request.method == "POST":
        found.delete()
        messages.success(request, _("“%(name)s” was deleted.") % {"name": found.name})
        return redirect("rag:collections")
    return render(request, "rag/collection_delete.html", {"collection": found, "count": found.documents.count()})


@sign_in_required
@require_GET
def collection_status(request: HttpRequest, pk: str) -> JsonResponse:
    """How the documents asked for are, as far as they are still there, and how many there are in all."""
    found = visible(request, pk)
    asked = [UUID(value) for value in request.GET.getlist("id")[:DOCUMENTS_PER_PAGE] if _is_uuid(value)]
    states = [state(each) for each in found.documents.filter(pk__in=asked)]
    return JsonResponse({"documents": states, "summary": listing.summary(listing.counts(found))})


def visible(request: HttpRequest, pk: str) -> Collection:
    return get_object_or_404(Collection.objects.visible_to(person(request)).knowledge(), pk=pk)


def editable(request: HttpRequest, pk: str) -> Collection:
    return get_object_or_404(Collection.objects.editable_by(person(request)).knowledge(), pk=pk)


def managed(request: HttpRequest, pk: str) -> Collection:
    return get_object_or_404(Collection.objects.managed_by(person(request)).knowledge(), pk=pk)


def collection_page(
    request: HttpRequest, shown: Collection, form: ShareForm | None = None, status: int = 200
) -> HttpResponse:
    same = Collection.objects.filter(pk=shown.pk)
    user = person(request)
    filters = DocumentListForm(request.GET, collection=shown)
    documents = Paginator(filters.documents(), DOCUMENTS_PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    counts = listing.counts(shown)
    context = {
        "collection": shown,
        "documents": documents,
        "filters": filters,
        "query": query.urlencode(),
        "counts": counts,
        "summary": listing.summary(counts),
        "kept": retention.class_rules(shown.data_class),
        "readers": sharing.sentence(shown, user),
        "can_edit": same.editable_by(user).exists(),
        "can_manage": same.managed_by(user).exists(),
        "shares": CollectionShare.objects.filter(collection=shown).select_related("user", "team"),
        "share_form": form or ShareForm(collection=shown),
        "accept": formats.ACCEPT,
        "move_form": MoveForm(collection=shown, user=user),
        "largest": settings.UPLOAD_MAX_BYTES,
        "too_large": FileTooLarge(settings.UPLOAD_MAX_BYTES),
        "not_allowed": TypeNotAllowed(),
    }
    return render(request, "rag/collection.html", context, status=status)


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
