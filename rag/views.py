"""Pages of collections. Every row comes through visible_to, editable_by or managed_by: a stranger gets 404."""

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.signing_in import person, sign_in_required, wants_json
from rag import formats, uploads
from rag.exceptions import UploadRefused
from rag.forms import CollectionForm, NewCollectionForm, ShareForm
from rag.models import Collection, CollectionShare, Document
from rag.states import state

DOCUMENTS_PER_PAGE = 100


@sign_in_required
@require_GET
def collections(request: HttpRequest) -> HttpResponse:
    user = person(request)
    visible = Collection.objects.visible_to(user).knowledge().select_related("owner", "team")
    found = list(visible.annotate(document_count=Count("documents")))
    groups = [
        (_("Yours"), [each for each in found if each.owner_id == user.pk]),
        (_("Your teams'"), [each for each in found if each.team_id]),
        (_("Shared with you"), [each for each in found if each.owner_id and each.owner_id != user.pk]),
    ]
    return render(request, "rag/collections.html", {"groups": groups, "is_empty": not found})


@sign_in_required
@require_http_methods(["GET", "POST"])
def create_collection(request: HttpRequest) -> HttpResponse:
    form = NewCollectionForm(request.POST or None, user=person(request))
    if form.is_valid():
        return redirect("rag:collection", form.save().pk)
    return render(request, "rag/collection_form.html", {"form": form})


@sign_in_required
@require_GET
def collection(request: HttpRequest, pk: str) -> HttpResponse:
    return _collection_page(request, _visible(request, pk))


@sign_in_required
@require_http_methods(["GET", "POST"])
def edit_collection(request: HttpRequest, pk: str) -> HttpResponse:
    managed = _managed(request, pk)
    form = CollectionForm(request.POST or None, instance=managed)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("rag:collection", pk)
    return render(request, "rag/collection_form.html", {"form": form, "collection": managed})


@sign_in_required
@require_http_methods(["GET", "POST"])
def delete_collection(request: HttpRequest, pk: str) -> HttpResponse:
    managed = _managed(request, pk)
    if request.method == "POST":
        managed.delete()
        messages.success(request, _("“%(name)s” was deleted.") % {"name": managed.name})
        return redirect("rag:collections")
    return render(request, "rag/collection_delete.html", {"collection": managed, "count": managed.documents.count()})


@sign_in_required
@require_GET
def collection_status(request: HttpRequest, pk: str) -> JsonResponse:
    return JsonResponse({"documents": [state(each) for each in _documents_page(request, _visible(request, pk))]})


@sign_in_required
@require_POST
def share(request: HttpRequest, pk: str) -> HttpResponse:
    managed = _managed(request, pk)
    form = ShareForm(request.POST, collection=managed)
    if not form.is_valid():
        return _collection_page(request, managed, form, status=400)
    form.save()
    messages.success(request, _("Shared with %(name)s.") % {"name": form.person})
    return redirect("rag:collection", pk)


@sign_in_required
@require_POST
def unshare(request: HttpRequest, pk: str, share_id: int) -> HttpResponse:
    get_object_or_404(_managed(request, pk).shares, pk=share_id).delete()
    messages.success(request, _("No longer shared."))
    return redirect("rag:collection", pk)


@sign_in_required
@require_POST
def upload(request: HttpRequest, pk: str) -> HttpResponse:
    """One file or several; a script is answered with JSON, a plain form with messages."""
    user = person(request)
    target = get_object_or_404(Collection.objects.editable_by(user).knowledge(), pk=pk)
    accepted: list[Document] = []
    refused: list[tuple[str, UploadRefused]] = []
    for file in request.FILES.getlist("files"):
        try:
            accepted.append(uploads.accept(user, target, file))
        except UploadRefused as error:
            refused.append((uploads.cleaned_name(file.name or ""), error))
    if wants_json(request):
        return _upload_answer(accepted, refused)
    _tell(request, accepted, refused)
    return redirect("rag:collection", pk)


def _upload_answer(accepted: list[Document], refused: list[tuple[str, UploadRefused]]) -> JsonResponse:
    errors = [{"name": name, "code": error.code, "message": str(error)} for name, error in refused]
    status = 201 if accepted else refused[0][1].status if refused else 400
    return JsonResponse({"documents": [state(each) for each in accepted], "refused": errors}, status=status)


def _tell(request: HttpRequest, accepted: list[Document], refused: list[tuple[str, UploadRefused]]) -> None:
    known = [document for document in accepted if document.already_there]
    new = len(accepted) - len(known)
    if new:
        messages.success(request, ngettext("%(n)d file added.", "%(n)d files added.", new) % {"n": new})
    for document in known:
        messages.info(request, _("Already there as “%(name)s”.") % {"name": document.name})
    for name, error in refused:
        messages.error(request, f"{name}: {error}")
    if not accepted and not refused:
        messages.error(request, _("Choose a file first."))


def _visible(request: HttpRequest, pk: str) -> Collection:
    return get_object_or_404(Collection.objects.visible_to(person(request)).knowledge(), pk=pk)


def _managed(request: HttpRequest, pk: str) -> Collection:
    return get_object_or_404(Collection.objects.managed_by(person(request)).knowledge(), pk=pk)


def _documents_page(request: HttpRequest, shown: Collection) -> Page[Document]:
    return Paginator(shown.documents.all(), DOCUMENTS_PER_PAGE).get_page(request.GET.get("page"))


def _collection_page(
    request: HttpRequest, shown: Collection, form: ShareForm | None = None, status: int = 200
) -> HttpResponse:
    same = Collection.objects.filter(pk=shown.pk)
    user = person(request)
    context = {
        "collection": shown,
        "documents": _documents_page(request, shown),
        "can_edit": same.editable_by(user).exists(),
        "can_manage": same.managed_by(user).exists(),
        "shares": CollectionShare.objects.filter(collection=shown).select_related("user"),
        "share_form": form or ShareForm(collection=shown),
        "accept": formats.ACCEPT,
    }
    return render(request, "rag/collection.html", context, status=status)
