"""Documents under way or not read, in the whole house, for those who may see which there are. Never what is in them."""

from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Query
from pydantic import Field

from accounts.rest.operations import Operations, found
from accounts.rest.paging import Page, Turning, page
from accounts.rest.shapes import Id, Shape, When
from accounts.roles import May
from gateway.models import Scope
from rag import queueing
from rag.listing import STATES
from rag.models import Document
from rag.rest.shapes import Status

operations = Operations("admin", read=Scope.ADMIN, write=Scope.ADMIN, see=May.SEE_FILES, change=May.CHANGE_SETTINGS)


class JobShape(Shape):
    document: Id
    collection: Id
    name: str = Field(description="What is attached to a chat or a project is not named.")
    status: Status
    reason: str
    done: int
    total: int
    attempts: int
    created_at: When

    @classmethod
    def of(cls, row: Document) -> "JobShape":
        same = ("status", "reason", "done", "total", "attempts", "created_at")
        shown = {name: getattr(row, name) for name in same}
        return cls(document=row.pk, collection=row.collection_id, name=row.listed_name, **shown)


class JobFilter(Turning):
    state: Literal["unfinished", "stopped", "ready"] = "unfinished"


@operations.get("admin/jobs", response=Page[JobShape])
def list_jobs(request: HttpRequest, asked: Annotated[JobFilter, Query()]) -> Page[JobShape]:
    rows = Document.objects.filter(STATES[asked.state]).select_related("collection")
    return page(request, rows, ["-created_at", "-id"], asked, JobShape.of)


@operations.post("admin/jobs/{uuid:document}/retry", response=JobShape)
def retry_job(request: HttpRequest, document: Id) -> JobShape:
    row = found(Document.objects.all(), pk=document)
    queueing.retry(row)
    return JobShape.of(row)
