"""Projects, and the files of projects and conversations."""

from typing import Annotated

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest
from ninja import File, Query, Status
from ninja import UploadedFile as Upload

from accounts.exceptions import UnsupportedMedia
from accounts.rest.conditions import unchanged
from accounts.rest.forms import filled, valid
from accounts.rest.operations import Operations, found, locked
from accounts.rest.paging import Page, Turned, page
from accounts.rest.shapes import Id
from accounts.signing_in import person
from chat import attachments, projects
from chat.forms import ProjectForm
from chat.importing import storing
from chat.models import Project
from chat.rest.conversations import visible
from chat.rest.scopes import may_read_documents
from chat.rest.shapes import FileShape, Imported, NewProject, ProjectChange, ProjectShape
from gateway.models import Scope
from rag import uploads
from rag.models import Document

operations = Operations("projects", read=Scope.CHAT, write=Scope.CHAT)


@operations.get("projects", response=Page[ProjectShape])
def list_projects(request: HttpRequest, turning: Turned) -> Page[ProjectShape]:
    rows = Project.objects.visible_to(person(request)).prefetch_related("collections")
    return page(request, rows, ["name", "id"], turning, ProjectShape.of)


@operations.post("projects", response={201: ProjectShape})
@transaction.atomic
def create_project(request: HttpRequest, body: NewProject) -> Status[ProjectShape]:
    return Status(201, ProjectShape.of(_form(request, Project(owner=person(request)), body).save()))


@operations.get("projects/{uuid:project}", response=ProjectShape)
def get_project(request: HttpRequest, project: Id) -> ProjectShape:
    return ProjectShape.of(_own(request, project))


@operations.patch("projects/{uuid:project}", response=ProjectShape)
@transaction.atomic
def change_project(request: HttpRequest, project: Id, body: ProjectChange) -> ProjectShape:
    row = locked(Project.objects.visible_to(person(request)), pk=project)
    unchanged(request, ProjectShape.of(row))
    return ProjectShape.of(_form(request, row, body).save())


@operations.delete("projects/{uuid:project}", response={204: None})
def delete_project(
    request: HttpRequest, project: Id, with_conversations: Annotated[bool, Query()] = False
) -> Status[None]:
    """Its files go with it; its conversations stay, unless they are to go, too."""
    row = _own(request, project)
    unchanged(request, ProjectShape.of(row), required=False)
    projects.delete(row, with_conversations=with_conversations)
    return Status(204, None)


@operations.get("projects/{uuid:project}/files", response=list[FileShape])
def list_project_files(request: HttpRequest, project: Id) -> list[FileShape]:
    return _files(_own(request, project).files_id)


@operations.post("projects/{uuid:project}/files", response={201: FileShape})
def attach_to_project(request: HttpRequest, project: Id, file: File[Upload]) -> Status[FileShape]:
    row = _own(request, project)
    return Status(201, _file(uploads.accept(row.owner, projects.files_of(row), _sent(request, file))))


@operations.delete("projects/{uuid:project}/files/{uuid:document}", response={204: None})
def detach_from_project(request: HttpRequest, project: Id, document: Id) -> Status[None]:
    found(Document.objects.filter(collection=_own(request, project).files_id), pk=document).delete()
    return Status(204, None)


@operations.get("conversations/{uuid:conversation}/files", response=list[FileShape])
def list_files(request: HttpRequest, conversation: Id) -> list[FileShape]:
    return _files(visible(request, conversation).attachments_id)


@operations.post("conversations/{uuid:conversation}/files", response={201: FileShape})
def attach_file(request: HttpRequest, conversation: Id, file: File[Upload]) -> Status[FileShape]:
    """Answers of the conversation are drawn from it once it is read."""
    return Status(201, _file(attachments.attach(visible(request, conversation), _sent(request, file))))


@operations.delete("conversations/{uuid:conversation}/files/{uuid:document}", response={204: None})
def detach_file(request: HttpRequest, conversation: Id, document: Id) -> Status[None]:
    found(Document.objects.filter(collection=visible(request, conversation).attachments_id), pk=document).delete()
    return Status(204, None)


@operations.post("conversations/import", response={201: Imported}, url_name="import")
def import_conversations(request: HttpRequest, file: File[Upload]) -> Status[Imported]:
    """Takes over an export of this software or of ChatGPT."""
    report = storing.take_over(person(request), _sent(request, file))
    told = Imported(report=report.sentences(), unreadable=report.unreadable, broken_off=report.broken_off)
    return Status(201, told)


def _own(request: HttpRequest, project: Id) -> Project:
    return found(Project.objects.visible_to(person(request)).select_related("owner"), pk=project)


def _sent(request: HttpRequest, file: Upload) -> "UploadedFile[bytes]":
    if request.content_type != "multipart/form-data":
        raise UnsupportedMedia
    return file


def _form(request: HttpRequest, row: Project, body: ProjectChange) -> ProjectForm:
    given = body.given()
    may_read_documents(request, given.get("collections", []))
    unbound = ProjectForm(user=row.owner, instance=row)
    if not given.get("collections"):
        given = {name: value for name, value in given.items() if name != "collections" or name in unbound.fields}
    return valid(ProjectForm(filled(unbound, **given), user=row.owner, instance=row))


def _files(collection: Id | None) -> list[FileShape]:
    return [_file(each) for each in Document.objects.filter(collection=collection)] if collection else []


def _file(document: Document) -> FileShape:
    return FileShape(id=document.pk, name=document.name, status=document.status, size=document.size)
