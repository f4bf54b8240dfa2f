"""What is done with many documents of a collection at once, by those who may edit it."""

from itertools import zip_longest

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.signing_in import person, sign_in_required, wants_json
from rag import batches, queueing, uploads
from rag.exceptions import UploadRefused
from rag.forms import MoveForm
from rag.models import Document
from rag.states import state
from rag.views import editable


@sign_in_required
@require_POST
def upload(request: HttpRequest, pk: str) -> HttpResponse:
    """One file or several, each with the folder it lay in; a script is answered with JSON, a plain form with messages.

    One that is refused harms none of the others.
    """
    target = editable(request, pk)
    folders = request.POST.getlist("folder")
    accepted: list[Document] = []
    refused: list[tuple[str, UploadRefused]] = []
    for file, folder in zip_longest(request.FILES.getlist("files"), folders):
        if file is None:
            break
        try:
            accepted.append(uploads.accept(person(request), target, file, folder=folder or "", as_version=True))
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
    versions = [document for document in accepted if document.replaces_id and not document.already_there]
    new = len(accepted) - len(known) - len(versions)
    if new:
        messages.success(request, ngettext("%(n)d file added.", "%(n)d files added.", new) % {"n": new})
    for document in versions:
        messages.success(request, _("A new version of “%(name)s” was added.") % {"name": document.name})
    for document in known:
        messages.info(request, _("Already there as “%(name)s”.") % {"name": document.name})
    for name, error in refused:
        messages.error(request, f"{name}: {error}")
    if not accepted and not refused:
        messages.error(request, _("Choose a file first."))


@sign_in_required
@require_POST
def cancel_all(request: HttpRequest, pk: str) -> HttpResponse:
    n = queueing.cancel(Document.objects.filter(collection=editable(request, pk)))
    messages.success(request, ngettext("%(n)d document cancelled.", "%(n)d documents cancelled.", n) % {"n": n})
    return redirect("rag:collection", pk)


@sign_in_required
@require_POST
def retry_all(request: HttpRequest, pk: str) -> HttpResponse:
    n = queueing.retry_all(Document.objects.filter(collection=editable(request, pk)))
    messages.success(request, ngettext("%(n)d document queued.", "%(n)d documents queued.", n) % {"n": n})
    return redirect("rag:collection", pk)


@sign_in_required
@require_POST
def move(request: HttpRequest, pk: str) -> HttpResponse:
    source = editable(request, pk)
    form = MoveForm(request.POST, collection=source, user=person(request))
    if not form.is_valid():
        messages.error(request, _("Choose documents and where they shall go."))
        return redirect("rag:collection", pk)
    chosen, target = form.cleaned_data["documents"], form.cleaned_data["target"]
    count = len(chosen)
    refused = batches.move_all(person(request), chosen, source, target)
    for name, error in refused:
        messages.error(request, f"{name}: {error}")
    if n := count - len(refused):
        told = ngettext("%(n)d document moved to “%(name)s”.", "%(n)d documents moved to “%(name)s”.", n)
        messages.success(request, told % {"n": n, "name": target.name})
    return redirect("rag:collection", pk)
