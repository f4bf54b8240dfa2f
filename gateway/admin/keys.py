from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.audit import Kind
from gateway.admin.issuing import IssuingAdmin
from gateway.key_forms import PanelKeyForm
from gateway.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(IssuingAdmin):
    changed, removed = Kind.KEY_CHANGED, Kind.KEY_REVOKED
    of_rotating = _(
        "The key gets a new secret. Until the present one stops working, both open the same, and count together."
    )
    of_persons = ("last_used_at",)
    form = PanelKeyForm
    list_display = ["name", "prefix", "user", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = ["user"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__email"]
    asked = ("user", "name", "scopes", "model_names", "origins", "expires_at")
    noted = ("prefix", "created_at", "revoked_at", "last_used_at", "former_until")
    actions = ["revoke"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return [*self.asked, *(self.noted if obj else ["once"])]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return [*self.noted, *(["user"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ModelForm[ApiKey], change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)  # nothing that was revoked, rotated or noted meanwhile
            return
        obj.issue()

    @admin.action(description=_("Revoke"), permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        for key in keys:
            key.revoke()
        text = ngettext("%(count)s key is revoked.", "%(count)s keys are revoked.", len(keys))
        messages.success(request, text % {"count": len(keys)})
