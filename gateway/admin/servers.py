from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action

from gateway import upstreams
from gateway.exceptions import UpstreamError
from gateway.forms import UpstreamForm
from gateway.models import Deployment, Upstream


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
