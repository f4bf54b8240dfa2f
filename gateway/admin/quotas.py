from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from gateway import quotas
from gateway.models import Quota


@admin.register(Quota)
class QuotaAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["__str__", "state"]
    list_filter = ["unit", "period"]
    list_select_related = ["user", "team", "api_key", "deployment"]
    fields = ["user", "team", "api_key", "deployment", "limit", "unit", "period", "state"]
    readonly_fields = ["state"]

    def save_model(self, request: HttpRequest, obj: Quota, form: ModelForm[Quota], change: bool) -> None:
        obj.save(update_fields=form.changed_data if change else None)  # calls count while the form is open

    @admin.display(description=_("used"))
    def state(self, quota: Quota) -> str:
        text = gettext("%(used)s of %(limit)s, %(reserved)s more held by calls under way")
        return text % {"used": quotas.used_now(quota), "limit": quota.limit or 0, "reserved": quota.reserved}
