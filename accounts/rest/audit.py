"""The audit log, for those who may read it."""

from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Query
from pydantic import Field

from accounts.audit import AuditEvent
from accounts.rest.operations import Operations
from accounts.rest.paging import Page, Turning, page
from accounts.rest.shapes import Id, Shape, When
from accounts.roles import May

operations = Operations("admin", read="admin", write="admin", see=May.SEE_AUDIT, change=May.SEE_AUDIT)


class EventShape(Shape):
    id: int
    at: When
    kind: str = Field(examples=["key-issued"])
    actor: Id | None
    object_kind: str = Field(examples=["gateway.apikey"])
    object_id: str = Field(examples=["7"])
    outcome: Literal["done", "refused"]
    detail: str
    address: str | None = Field(examples=["192.0.2.0"])
    request_id: str


class EventFilter(Turning):
    kind: str = Field("", max_length=30)
    actor: Id | None = None
    since: When | None = None
    until: When | None = None


@operations.get("admin/audit", response=Page[EventShape])
def list_events(request: HttpRequest, asked: Annotated[EventFilter, Query()]) -> Page[EventShape]:
    """Newest first."""
    named = {"kind": asked.kind, "actor": asked.actor, "at__gte": asked.since, "at__lt": asked.until}
    rows = AuditEvent.objects.filter(**{name: value for name, value in named.items() if value})
    return page(request, rows, ["-id"], asked, _shape)


def _shape(event: AuditEvent) -> EventShape:
    same = {name: getattr(event, name) for name in EventShape.model_fields if name != "actor"}
    return EventShape(**same, actor=event.actor_id)
