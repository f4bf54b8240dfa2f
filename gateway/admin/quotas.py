from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import formats, timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.table_admin import TableAdmin
from gateway import quota_sentences, quotas
from gateway.admin.quota_form import QuotaForm
from gateway.models import Quota
from gateway.quota_table import QuotaTable

SUBJECTS = ["user", "team", "api_key", "deployment"]


@admin.register(Quota)
class QuotaAdmin(TableAdmin):
    table = QuotaTable()
    form = QuotaForm
    change_form_before_template = "gateway/panel_quota.html"
    list_display = ["sentence", "left", "state", "begins_anew"]
    list_filter = ["unit", "period", "is_hard", "team"]
    list_select_related = SUBJECTS
    search_fields = ["user__email", "user__name", "team__name", "api_key__name", "deployment__name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Quota]:
        found: Any = super().get_queryset(request)
        return found.with_seal()  # type: ignore[no-any-return]

    def get_fields(self, request: HttpRequest, obj: Quota | None = None) -> list[str]:
        fields = [*SUBJECTS, "unit", "amount", "period", "is_hard", "warn_at"]
        if obj and obj.unit == Quota.Unit.PARALLEL:
            fields.remove("period")
        elif obj and obj.period == Quota.Period.TOTAL:
            fields.insert(fields.index("amount") + 1, "top_up")
        return [*fields, "state", "begins_anew"] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Quota | None = None) -> list[str]:
        """What was counted in one unit says nothing in another, so that stays as it is."""
        return ["unit", "state", "begins_anew"] if obj else []

    def save_model(self, request: HttpRequest, obj: Quota, form: QuotaForm, change: bool) -> None:
        """Only what was changed here: calls count while the form is open, and others may top up."""
        if not change:
            obj.limit = form.cleaned_data["amount"]
            obj.save()
            return
        changed = [name for name in form.changed_data if name not in ("amount", "top_up")]
        if "amount" in form.changed_data:
            obj.limit = form.cleaned_data["amount"]
            changed.append("limit")
        if changed:
            obj.save(update_fields=changed)
        if form.added():
            Quota.objects.filter(pk=obj.pk).update(limit=F("limit") + form.added())
        obj.refresh_from_db()
        if not obj.is_sealed and (remark := quota_sentences.remark(obj)):
            messages.warning(request, remark)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        quota = context.get("original")
        if quota and not quota.is_sealed:
            context["told"] = quota_sentences.told(quota)
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    @admin.display(description=_("quota"))
    def sentence(self, quota: Quota) -> str:
        return quota_sentences.sentence(quota)

    @admin.display(description=_("left"))
    def left(self, quota: Quota) -> str:
        if quota.is_sealed:
            return "–"
        return render_to_string("gateway/_quota_bar.html", {"told": quota_sentences.told(quota)})

    @admin.display(description=_("used"))
    def state(self, quota: Quota) -> str:
        if quota.is_sealed:
            return gettext("not shown in works-council mode")
        limit = quota.amount(quota.limit or 0)
        if quota.unit == Quota.Unit.PARALLEL:
            return gettext("%(used)s of %(limit)s") % {"used": quota.reserved, "limit": limit}
        values: dict[str, Any] = {"used": quota.amount(quotas.used_now(quota)), "limit": limit}
        if not quota.reserved:
            return gettext("%(used)s of %(limit)s") % values
        text = gettext("%(used)s of %(limit)s, %(reserved)s more held by calls under way")
        return text % (values | {"reserved": quota.amount(quota.reserved)})

    @admin.display(description=_("begins anew"))
    def begins_anew(self, quota: Quota) -> str:
        if quota.unit == Quota.Unit.PARALLEL:
            return "–"
        anew = quotas.begins_anew(quota.period, timezone.now())
        return formats.date_format(timezone.localtime(anew), "SHORT_DATETIME_FORMAT") if anew else gettext("never")
