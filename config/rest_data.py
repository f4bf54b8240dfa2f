"""A person's copy of their own data, and the end of an account: for scripts what `data_views` is for people."""

from typing import Any, Literal

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import Status
from pydantic import Field

from accounts.models import DataExport, Erasure, User
from accounts.rest.operations import SESSION, Operations, found
from accounts.rest.shapes import Id, Shape, When
from accounts.roles import May
from accounts.signing_in import person
from config import data_views, erasing, exporting
from gateway.models import Scope

ZIP: dict[str, Any] = {"responses": {200: {"content": {"application/zip": {}}}}}

operations = Operations("me", read=SESSION, write=SESSION)  # all of a person's data is more than a key should open
admins = Operations("admin", read=Scope.ADMIN, write=Scope.ADMIN, change=May.CHANGE_SETTINGS)
operations.add_router("", admins)


class ExportShape(Shape):
    id: Id
    state: Literal["waiting", "ready", "failed"]
    size: int = Field(description="Bytes; 0 before it is ready.", examples=[20480])
    requested_at: When
    expires_at: When | None = Field(description="From then on it is gone.", examples=["2026-12-03T09:00:00Z"])

    @classmethod
    def of(cls, row: DataExport) -> "ExportShape":
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class ExportList(Shape):
    items: list[ExportShape]


class ErasureShape(Shape):
    id: Id
    state: Literal["waiting", "running", "done"] = Field(description="`waiting` is for the end of a legal hold.")
    requested_at: When

    @classmethod
    def of(cls, row: Erasure) -> "ErasureShape":
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


@operations.get("me/exports", response=ExportList)
def list_exports(request: HttpRequest) -> ExportList:
    """Copies of all that is kept about the caller."""
    return ExportList(items=[ExportShape.of(row) for row in DataExport.objects.filter(user=person(request))])


@operations.post("me/exports", response={202: ExportShape})
def begin_export(request: HttpRequest) -> Status[ExportShape]:
    """A worker puts it together; while one is under way that one is answered."""
    return Status(202, ExportShape.of(exporting.begin(person(request))))


@operations.get("me/exports/{uuid:export}/file", response={200: None}, openapi_extra=ZIP)
def get_export(request: HttpRequest, export: Id) -> StreamingHttpResponse:
    ready = DataExport.objects.filter(user=person(request), state=DataExport.State.READY, expires_at__gt=timezone.now())
    return data_views.sent(found(ready, pk=export))


@admins.post("admin/users/{uuid:user}/erasure", response={202: ErasureShape})
def erase_user(request: HttpRequest, user: Id) -> Status[ErasureShape]:
    """Erases the account with all that is theirs, at once or at the end of a legal hold. What others use too goes with
    it: whoever shall get it is named in the panel."""
    erasure = erasing.ask(found(User.objects.all(), pk=user), Erasure.Asked.ADMIN, {})
    return Status(202, ErasureShape.of(erasure))
