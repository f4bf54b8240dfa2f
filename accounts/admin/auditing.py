import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter

from accounts import audit, roles
from accounts.audit import AuditEvent, Kind
from accounts.panel import ReadOnlyAdmin

BLOCK = 1_000  # rows
COLUMNS = ["id", "at", "kind", "outcome", "actor_id", "object_kind", "object_id", "detail", "address", "request_id"]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ["moment", "kind", "outcome", "shown_actor", "shown_object", "detail", "address"]
    list_filter = [("at", RangeDateFilter), "kind", "outcome"]
    list_filter_submit = True
    list_select_related = ["actor"]
    list_before_template = "accounts/panel_audit_export.html"
    search_fields = ["actor__email", "object_kind", "object_id", "request_id"]
    show_full_result_count = False
    actions = None
    fields = ["at", "kind", "outcome", "shown_actor", "object_kind", "object_id", "detail", "address", "request_id"]
    readonly_fields = fields

    @admin.display(description=_("time"), ordering="at")
    def moment(self, event: AuditEvent) -> str:
        """Short, for there are many beneath each other."""
        return date_format(timezone.localtime(event.at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=_("who"))
    def shown_actor(self, event: AuditEvent) -> str:
        """By name while they are here; later the id alone is left."""
        return str(event.actor or event.actor_id or "–")

    @admin.display(description=_("what"))
    def shown_object(self, event: AuditEvent) -> str:
        return f"{event.object_kind} {event.object_id}".strip() or "–"

    def get_urls(self) -> list[URLPattern]:
        export = path("export/", self.admin_site.admin_view(self.export), name="accounts_auditevent_export")
        return [export, *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """All that the list shows, filters included."""
        if not roles.may(request.user, roles.May.SEE_AUDIT):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).queryset.select_related(None)
        except IncorrectLookupParameters:
            raise BadRequest from None
        audit.record(Kind.EXPORTED, detail="audit log")
        headers = {"Content-Disposition": f'attachment; filename="audit-{timezone.localdate():%Y-%m-%d}.jsonl"'}
        return StreamingHttpResponse(_streamed(lines(rows)), content_type="application/x-ndjson", headers=headers)


def lines(events: QuerySet[AuditEvent]) -> Iterator[str]:
    """Blocks of lines from the oldest on. What is added meanwhile is not waited for."""
    page, last = events.order_by("id").values(*COLUMNS), 0
    while found := list(page.filter(id__gt=last)[:BLOCK]):
        yield "".join(_line(row) for row in found)
        last = found[-1]["id"]
        if len(found) < BLOCK:
            return


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row | {"at": row["at"].isoformat()}, default=str, ensure_ascii=False) + "\n"


async def _streamed(blocks: Iterator[str]) -> AsyncIterator[str]:
    while (block := await sync_to_async(_next, thread_sensitive=False)(blocks)) is not None:
        yield block


def _next(blocks: Iterator[str]) -> str | None:
    """Readers take their time: the connection is given back meanwhile."""
    try:
        return next(blocks, None)
    finally:
        if not connection.in_atomic_block:
            connection.close()
