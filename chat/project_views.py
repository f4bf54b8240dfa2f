"""Projects: a folder's page, its files, and its end."""

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.signing_in import person, sign_in_required
from chat import projects
from chat.forms import DeleteProjectForm, ProjectForm
from chat.history import listed, page_of
from chat.models import Project
from rag import formats, uploads
from rag.exceptions import UploadRefused
from rag.models import Document


def find_project(request: HttpRequest, project: UUID) -> Project:
    return get_object_or_404(Project.objects.visible_to(person(request)), id=project)


@sign_in_required
@require_GET
def project(request: HttpRequest, project: UUID) -> HttpResponse:
    found = find_project(request, project)
    inside = listed(found.owner).filter(project=found)
    context = {
        "project": found,
        "page": page_of(inside, request.GET.get("before", "")),
        "files": Document.objects.filter(collection=found.files_id) if found.files_id else [],
        "accept": formats.ACCEPT,
    }
    return render(request, "chat/project.html", context)


@sign_in_required
@require_http_methods(["GET", "POST"])
def create_project(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = ProjectForm(request.POST or None, user=user, instance=Project(owner=user))
    if form.is_valid():
        return redirect(form.save())
    return render(request, "chat/project_form.html", {"form": form})


@sign_in_required
@require_http_methods(["GET", "POST"])
def edit_project(request: HttpRequest, project: UUID) -> HttpResponse:
    found = find_project(request, project)
    form = ProjectForm(request.POST or None, user=found.owner, instance=found)
    if form.is_valid():
        notices.success(request, _("Saved."))
        return redirect(form.save())
    return render(request, "chat/project_form.html", {"form": form, "project": found})


@sign_in_required
@require_http_methods(["GET", "POST"])
def delete_project(request: HttpRequest, project: UUID) -> HttpResponse:
    """Asks what is to become of the conversations; nothing is deleted before that was answered."""
    found = find_project(request, project)
    form = DeleteProjectForm(request.POST or None)
    if form.is_valid():
        projects.delete(found, with_conversations=form.cleaned_data["conversations"] == "delete")
        return redirect("chat:home")
    return render(request, "chat/project_delete.html", {"form": form, "project": found})


@sign_in_required
@require_POST
def attach_to_project(request: HttpRequest, project: UUID) -> HttpResponse:
    found = find_project(request, project)
    for file in request.FILES.getlist("files"):
        try:
            uploads.accept(found.owner, projects.files_of(found), file)
        except UploadRefused as error:
            notices.error(request, f"{file.name}: {error}")
    return redirect(found)


@sign_in_required
@require_POST
def detach_from_project(request: HttpRequest, project: UUID, document: UUID) -> HttpResponse:
    found = find_project(request, project)
    get_object_or_404(Document.objects.filter(collection=found.files_id), id=document).delete()
    return redirect(found)
