from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter

from accounts import audit, council
from accounts.audit import Kind
from accounts.panel import ReadOnlyAdmin
from gateway import amounts, reports, spreadsheets
from gateway.database import in_database
from gateway.energy import figures
from gateway.models import Usage

USUAL = timedelta(days=30)  # what is shown, summed and exported while nobody chooses a range
EARLIEST, LATEST = date(1970, 1, 1), date(2200, 1, 1)  # days that can be reckoned with; no call is older or later
LISTED = 10_000  # rows; whoever wants more exports them


class Days(RangeDateFilter):  # type: ignore[misc]
    """From one day to another, both whole; never without a beginning, for the ledger may be years long."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Usage]) -> QuerySet[Usage]:
        last = self._day("to")
        first = self._day("from") or (last or timezone.localdate()) - USUAL
        found = queryset.filter(started_at__gte=_midnight(first))
        return found.filter(started_at__lt=_midnight(last + timedelta(days=1))) if last else found

    def _day(self, end: str) -> date | None:
        try:
            day: date | None = forms.DateField(required=False).clean(self.used_parameters.get(f"started_at_{end}"))
        except ValidationError:
            return None
        return day and min(max(day, EARLIEST), LATEST)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))


class FirstPages(Paginator):  # type: ignore[type-arg]
    """Counts no further than it leads."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:LISTED].count())


@admin.register(Usage)
class UsageAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "user", "model", "purpose", "status", "input_tokens", "output_tokens", "money",
                    "power", "waited", "estimated"]  # fmt: skip
    list_filter = [
        ("started_at", Days),
        "purpose",
        "status",
        "deployment",
        ("user", AutocompleteSelectFilter),
        "estimated",
    ]
    list_filter_submit = True
    list_select_related = ["user"]
    list_before_template = "gateway/_usage_sums.html"
    paginator = FirstPages
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        export = path("export/", self.admin_site.admin_view(self.export), name="gateway_usage_export")
        return [export, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Usage]:
        found = figures.beside(super().get_queryset(request))
        return found.filter(user__in=council.opened(request.user)) if council.is_on() else found

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if council.is_on() and not self._is_open(request, "usage"):
            shared = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": self.opts.verbose_name_plural,
            }
            return render(request, "gateway/panel_usage_sealed.html", shared)
        response: HttpResponse = super().changelist_view(request, extra_context)
        if "cl" in (context := getattr(response, "context_data", None) or {}):
            sums = reports.sums(context["cl"].queryset)
            context["sums"] = {
                "calls": sums["calls"],
                "input": amounts.number(sums["input_tokens"]),
                "output": amounts.number(sums["output_tokens"]),
                "cost": amounts.money(sums["cost"]),
                "energy": gettext("%(energy)s stated") % {"energy": amounts.energy(sums["energy"])},
            }
            context["listed"] = LISTED
        return response

    def export(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """What the list shows, all of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if council.is_on() and not self._is_open(request, "usage export"):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            raise BadRequest from None
        audit.record(Kind.EXPORTED, detail="usage")
        blocks = spreadsheets.blocks(rows, spreadsheets.CALLS, spreadsheets.flavour_for_excel())
        name = f"usage-{timezone.localdate():%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(_streamed(blocks), content_type="text/csv; charset=utf-8", headers=headers)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        if council.is_on():
            self._is_open(request, f"call {object_id[:40]}")
        response: HttpResponse = super().change_view(request, object_id, *args, **kwargs)
        return response

    def _is_open(self, request: HttpRequest, what: str) -> bool:
        """Whether they may look through broken glass; either way it is written down."""
        persons = council.opened(request.user)
        council.note_look(request.user, persons, what)
        return bool(persons)

    @admin.display(description=_("cost"), ordering="cost")
    def money(self, usage: Usage) -> str:
        return amounts.money(usage.cost) if usage.cost else ""

    @admin.display(description=_("energy"), ordering="energy")
    def power(self, usage: Usage) -> str:
        figure = figures.of(usage)
        if figure is None:
            return ""
        said = {"energy": amounts.energy(figure.energy), "method": figure.method.label}
        return gettext("%(energy)s, %(method)s (%(confidence)s)") % {**said, "confidence": figure.confidence.label}

    @admin.display(description=_("waited"), ordering="queued_ms")
    def waited(self, usage: Usage) -> str:
        return f"{amounts.number(round(usage.queued_ms / 1000), 0)} s" if usage.queued_ms >= 500 else ""


async def _streamed(blocks: Any) -> AsyncIterator[str]:
    while (block := await in_database(next, blocks, None)) is not None:
        yield block
