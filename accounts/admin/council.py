from typing import Any

from django import forms
from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accounts import roles
from accounts.council import BreakGlass
from accounts.exceptions import AlreadyGranted, GrantRefused
from accounts.panel import AuditedAdmin

EXPLAINED = _(
    "Somebody else, an admin or an auditor, has to grant it within three days. Name the person whose usage it is about;"
    " to switch works-council mode off, nobody."
)
STATES = {"waiting": "warning", "open": "danger", "over": "info"}


class BreakGlassForm(forms.ModelForm[BreakGlass]):
    class Meta:
        model = BreakGlass
        fields = ["what", "person", "reason", "hours"]


@admin.register(BreakGlass)
class BreakGlassAdmin(AuditedAdmin):
    """An admin asks, somebody else grants; nothing is changed or removed."""

    added, changed, removed = None, None, None  # it records itself
    form = BreakGlassForm
    list_display = ["what", "person", "asked_by", "asked_at", "granted_by", "until", "state"]
    list_select_related = ["person", "asked_by", "granted_by"]
    actions = None
    actions_detail = ["grant"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        asked = ["what", "person", "reason", "hours"]
        if obj:
            return [(None, {"fields": [*asked, "asked_by", "asked_at", "granted_by", "granted_at", "until"]})]
        return [(None, {"fields": asked, "description": EXPLAINED})]

    def has_change_permission(self, request: HttpRequest, obj: BreakGlass | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: BreakGlass | None = None) -> bool:
        return False

    def has_grant_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        """An auditor, too: whoever reads the audit log answers for it."""
        found = BreakGlass.objects.waiting().filter(pk=object_id) if str(object_id).isdecimal() else None
        is_anothers = found is None or found.exclude(asked_by=request.user.pk).exists()
        return is_anothers and roles.may(request.user, roles.May.SEE_AUDIT)

    def save_model(self, request: HttpRequest, obj: BreakGlass, form: ModelForm[BreakGlass], change: bool) -> None:
        obj.ask(request.user)
        messages.success(request, _("Asked. Now somebody else has to grant it: an admin or an auditor."))

    @display(description=_("state"), label=STATES)  # type: ignore[untyped-decorator]
    def state(self, asked: BreakGlass) -> tuple[str, Any]:
        if asked.is_open:
            return "open", _("open")
        return ("waiting", _("waiting")) if asked.is_waiting else ("over", _("over"))

    @action(description=_("Grant"), url_path="grant", permissions=["grant"])  # type: ignore[untyped-decorator]
    def grant(self, request: HttpRequest, object_id: str) -> HttpResponse:
        asked = self.get_object(request, object_id)
        if asked is None:
            raise Http404
        if request.method != "POST":  # a link that leads here grants nothing
            shared = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Grant?")}
            return render(request, "accounts/panel_break_glass_grant.html", {**shared, "asked": asked})
        try:
            asked.grant(request.user)
            messages.success(request, _("Granted. It ends by itself."))
        except (GrantRefused, AlreadyGranted) as error:
            messages.error(request, str(error))
        return redirect("admin:accounts_breakglass_change", object_id)
