from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action

from accounts.audit import Kind
from accounts.panel import AuditedAdmin
from gateway.exceptions import KeyEnded
from gateway.key_forms import PanelKeyForm, PanelRotationForm
from gateway.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(AuditedAdmin):
    added, changed, removed = None, Kind.KEY_CHANGED, Kind.KEY_REVOKED  # a key records itself how it is issued
    of_persons = ("last_used_at",)
    form = PanelKeyForm
    list_display = ["name", "prefix", "user", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = ["user"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__email"]
    fields = [
        "user",
        "name",
        "scopes",
        "model_names",
        "origins",
        "expires_at",
        "prefix",
        "created_at",
        "revoked_at",
        "last_used_at",
        "former_until",
    ]
    actions = ["revoke"]
    actions_detail = ["rotate"]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        noted = ["prefix", "created_at", "revoked_at", "last_used_at", "former_until"]
        return [*noted, *(["user"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ModelForm[ApiKey], change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)  # nothing that was revoked, rotated or noted meanwhile
            return
        obj.issue()

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        return self._issued(request, obj)

    @action(description=_("Rotate"), url_path="rotate", permissions=["change"])  # type: ignore[untyped-decorator]
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        key = self.get_object(request, object_id)
        if key is None:
            raise Http404
        form = PanelRotationForm(request.POST or None, row=key)
        if not form.is_valid():
            return self._page(request, key, "gateway/panel_key_rotate.html", {"form": form})
        try:
            key.rotate(form.cleaned_data["overlap"])
        except KeyEnded as error:
            messages.error(request, str(error))
            return redirect("admin:gateway_apikey_change", object_id)
        # in the audit log it is by the key itself
        super(AuditedAdmin, self).log_change(request, key, [{"changed": {"fields": ["secret"]}}])
        return self._issued(request, key)

    @admin.action(description=_("Revoke"), permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        for key in keys:
            key.revoke()
        text = ngettext("%(count)s key is revoked.", "%(count)s keys are revoked.", len(keys))
        messages.success(request, text % {"count": len(keys)})

    def _issued(self, request: HttpRequest, key: ApiKey) -> HttpResponse:
        """The secret goes out in this answer alone: a message would carry it through a cookie."""
        response = self._page(request, key, "gateway/panel_key_issued.html")
        add_never_cache_headers(response)
        return response

    def _page(
        self, request: HttpRequest, key: ApiKey, template: str, context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "title": str(key), "key": key}
        return render(request, template, shared | (context or {}))
