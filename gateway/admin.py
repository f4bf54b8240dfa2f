from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet, Sum
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action

from gateway import quotas, upstreams
from gateway.exceptions import UpstreamError
from gateway.forms import UpstreamForm
from gateway.models import ApiKey, Deployment, Quota, Upstream, Usage

TOKENS = ["input_tokens", "output_tokens"]


class DeploymentInline(TabularInline):  # type: ignore[misc]
    model = Deployment
    extra = 0
    fields = ["name", "model", "kind", "licence", "context_length", "is_active", "is_default"]


@admin.register(Upstream)
class UpstreamAdmin(ModelAdmin):  # type: ignore[misc]
    form = UpstreamForm
    inlines = [DeploymentInline]
    list_display = ["name", "base_url", "place", "is_active"]
    search_fields = ["name", "place"]
    actions_submit_line = ["test", "look_for_models"]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            self._discover(request, form.instance)

    @action(description=_("Save and test"))  # type: ignore[untyped-decorator]
    def test(self, request: HttpRequest, upstream: Upstream) -> None:
        trial = upstreams.test(upstream)
        if trial.reachable:
            text = gettext("The server answered after %(time)s ms and lists: %(models)s")
            listed = ", ".join(trial.models) or gettext("no models")
            messages.success(request, text % {"time": trial.milliseconds, "models": listed})
        else:
            text = gettext("No luck after %(time)s ms: %(error)s")
            messages.error(request, text % {"time": trial.milliseconds, "error": trial.error})

    @action(description=_("Save and look for models"))  # type: ignore[untyped-decorator]
    def look_for_models(self, request: HttpRequest, upstream: Upstream) -> None:
        self._discover(request, upstream)

    def _discover(self, request: HttpRequest, upstream: Upstream) -> None:
        try:
            added = upstreams.discover(upstream)
        except UpstreamError as error:
            messages.warning(request, str(error))
            return
        text = ngettext("%(count)s new model is offered.", "%(count)s new models are offered.", len(added))
        messages.success(request, text % {"count": len(added)})


@admin.register(Deployment)
class DeploymentAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["name", "upstream", "model", "kind", "licence", "is_active", "is_default"]
    list_filter = ["kind", "is_active", "upstream"]
    list_select_related = ["upstream"]
    search_fields = ["name", "model"]


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["name", "prefix", "user", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = ["user"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__email"]
    fields = ["user", "name", "expires_at", "prefix", "created_at", "revoked_at", "last_used_at"]
    actions = ["revoke"]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return ["prefix", "created_at", "revoked_at", "last_used_at", *(["user"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ModelForm[ApiKey], change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)  # nothing that was revoked or noted meanwhile
            return
        obj.issue()

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """The secret goes out in this answer alone: a message would carry it through a cookie."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": str(obj), "key": obj}
        response = render(request, "gateway/key_issued.html", context)
        add_never_cache_headers(response)
        return response

    @admin.action(description=_("Revoke"), permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        for key in keys:
            key.revoke()
        text = ngettext("%(count)s key is revoked.", "%(count)s keys are revoked.", len(keys))
        messages.success(request, text % {"count": len(keys)})


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


@admin.register(Usage)
class UsageAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = [
        "started_at",
        "user",
        "deployment",
        "purpose",
        "status",
        "input_tokens",
        "output_tokens",
        "estimated",
    ]
    list_filter = [("started_at", RangeDateTimeFilter), "purpose", "status", "deployment", "user"]
    list_filter_submit = True
    list_select_related = ["user", "deployment"]
    list_before_template = "gateway/_usage_sums.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, extra_context)
        if "cl" in (context := getattr(response, "context_data", None) or {}):
            tokens = {name: Sum(name) for name in TOKENS}
            context["sums"] = context["cl"].queryset.order_by().aggregate(calls=Count("pk"), **tokens)
        return response

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Usage | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Usage | None = None) -> bool:
        return False
