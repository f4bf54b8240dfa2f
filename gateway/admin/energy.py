"""What the models consume and cost, by month; and where it is said how that is known."""

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.widgets import UnfoldAdminPasswordWidget

from accounts import audit
from accounts.audit import Kind
from accounts.panel import AuditedAdmin, ReadOnlyAdmin
from accounts.stamped_forms import StampedForm
from gateway import amounts, probing, spreadsheets
from gateway.energy import reports, tables
from gateway.energy.reading import read
from gateway.exceptions import MeterUnreadable
from gateway.models import EnergyHour, EnergyRules, PowerMeter, Upstream


class PowerMeterForm(StampedForm[PowerMeter]):
    """The header goes in and never comes out; with a new address the old one is forgotten, not sent there."""

    class Meta:
        model = PowerMeter
        fields = ["source", "address", "authorization", "metric", "unit", "only", "idle_watts", "grid_grams",
                  "hour_price", "month_price"]  # fmt: skip
        widgets = {"authorization": UnfoldAdminPasswordWidget({"autocomplete": "new-password"}, render_value=False)}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("authorization") and "address" not in self.changed_data:
            data["authorization"] = self.initial.get("authorization", "")
        return data


class PowerMeterInline(StackedInline):  # type: ignore[misc]
    model = PowerMeter
    form = PowerMeterForm
    can_delete = False
    max_num = 1
    readonly_fields = ["standing"]
    template_before = "accounts/panel_inline.html"
    verbose_name = verbose_name_plural = _("Energy and cost")

    def get_fields(self, request: HttpRequest, obj: Upstream | None = None) -> list[str]:
        """A secret is entered, never shown."""
        fields = [*PowerMeterForm.Meta.fields, "standing"]
        return [name for name in fields if name != "authorization" or self.has_change_permission(request, obj)]

    @admin.display(description=_("state"))
    def standing(self, meter: PowerMeter) -> str:
        if meter.problem:
            since = date_format(timezone.localtime(meter.problem_since), "SHORT_DATETIME_FORMAT")
            return gettext("%(problem)s Since %(time)s.") % {"problem": meter.problem, "time": since}
        if not meter.readings:
            return gettext("never read yet") if meter.source != PowerMeter.Source.STATED else "–"
        read_at = date_format(timezone.localtime(meter.read_at), "SHORT_DATETIME_FORMAT")
        if meter.idle_learned is None:
            return gettext("read on %(time)s") % {"time": read_at}
        watts = amounts.number(round(meter.idle_learned))
        return gettext("read on %(time)s; when idle it draws %(watts)s W") % {"time": read_at, "watts": watts}


def try_out(request: HttpRequest, upstream: Upstream) -> None:
    """Reads the meter now and says what it tells."""
    meter = PowerMeter.objects.filter(upstream=upstream).first()
    if meter is None or meter.source == PowerMeter.Source.STATED:
        messages.info(request, gettext("There is no meter to read: the stated power counts."))
        return
    try:
        found = probing.run(read(meter))
    except MeterUnreadable as error:
        messages.error(request, str(error))
        return
    unit = "W" if found.is_power else "J"
    told = ", ".join(f"{series}: {amounts.number(round(value))} {unit}" for series, value in found.values.items())
    messages.success(request, gettext("The meter tells: %(told)s") % {"told": told})


@admin.register(EnergyRules)
class EnergyRulesAdmin(AuditedAdmin):
    """One row, made when it is first looked at."""

    fields = ["grid_grams", "kwh_price"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        EnergyRules.objects.get_or_create(pk=1)
        return redirect("admin:gateway_energyrules_change", 1)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: EnergyRules | None = None) -> bool:
        return False


@admin.register(EnergyHour)
class EnergyHourAdmin(ReadOnlyAdmin):
    """A report instead of a list: the hours themselves say little."""

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export)
        return [path("export/<slug:what>/", export, name="gateway_energyhour_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        first = month_asked_for(request)
        found = reports.month(midnight(first), midnight(after(first)))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Energy and cost"),
            "month": first,
            "before": (first - timedelta(days=1)).replace(day=1),
            "after": after(first) if after(first) <= timezone.localdate() else None,
            "tables": [tables.of_servers(found), tables.of_teams(found)],
            "comparison": tables.in_words(reports.compared(found)),
        }
        return render(request, "gateway/panel_energy.html", context)

    def export(self, request: HttpRequest, what: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        first = month_asked_for(request)
        flavour = spreadsheets.flavour_for_excel()
        rows = tables.for_machines(reports.month(midnight(first), midnight(after(first))), what == "servers")
        audit.record(Kind.EXPORTED, detail="energy")
        return HttpResponse(
            spreadsheets.of_rows(rows, flavour),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="energy-{what}-{first:%Y-%m}.csv"'},
        )


def month_asked_for(request: HttpRequest) -> date:
    """Its first day; this month for anything that is none."""
    try:
        asked = datetime.strptime(request.GET.get("month", ""), "%Y-%m").date()
        return asked if date(2000, 1, 1) <= asked <= timezone.localdate() else timezone.localdate().replace(day=1)
    except ValueError:
        return timezone.localdate().replace(day=1)


def after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))
