from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import action

from accounts.first_steps import BACK
from accounts.panel import AuditedAdmin, Rows
from gateway import neighbours, states, trials, upstreams
from gateway.admin.energy import PowerMeterInline, try_out
from gateway.admin.hours import ServerHoursInline, state_of, wake_now
from gateway.exceptions import UpstreamError
from gateway.forms import AliasForm, DeploymentForm, UpstreamForm
from gateway.models import Alias, Deployment, PowerMeter, ServerHours, Upstream

FOUND = "gateway:found-servers"
FOUND_SECONDS = 60
ASKED = [Deployment.Kind.CHAT, Deployment.Kind.EMBEDDING]  # what can be tried out


def _warn_of_differences(request: HttpRequest, deployment: Deployment) -> None:
    if differing := upstreams.differences(deployment):
        text = gettext("Those who call “%(name)s” may notice who answers: its deployments differ in %(fields)s.")
        messages.warning(request, text % {"name": deployment.name, "fields": ", ".join(differing)})


def _once_saved(ask: Callable[..., None], *about: Any) -> None:
    """A server is asked when what was saved holds for everyone: no row stays locked until it answers."""
    transaction.on_commit(partial(ask, *about))


def _tell_of_trial(request: HttpRequest, deployment: Deployment) -> None:
    """One short question, and in words what came back."""
    if deployment.kind not in ASKED:
        messages.info(request, gettext("Chat and embedding models alone can be asked here."))
        return
    attempt = trials.attempt(request.user, deployment)  # type: ignore[arg-type]  # who is in the panel is somebody
    said = {"model": deployment.name, "time": attempt.milliseconds, "said": attempt.answer or attempt.error}
    if attempt.error:
        messages.error(request, gettext("%(model)s failed after %(time)s ms: %(said)s") % said)
    else:
        messages.success(request, gettext("%(model)s answered after %(time)s ms: %(said)s") % said)


class StaysAfterTrial(AuditedAdmin):
    """Whoever tries something out goes on from there."""

    trials: ClassVar[tuple[str, ...]] = ()

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        pressed = {f"{self.opts.app_label}_{self.opts.model_name}_{name}" for name in self.trials} & request.POST.keys()
        if pressed and BACK not in request.GET:
            return redirect(request.path)
        return super().response_post_save_change(request, obj)


class DeploymentInline(Rows):
    model = Deployment
    form = DeploymentForm
    fk_name = "upstream"
    extra = 0
    show_change_link = True
    fields = ["name", "model", "kind", "context_length", "slots", "is_active", "is_default", "stamp"]


@admin.register(Upstream)
class UpstreamAdmin(StaysAfterTrial):
    form = UpstreamForm
    change_form_before_template = "accounts/panel_stamp.html"
    trials = ("test", "look_for_models", "read_meter", "wake")
    inlines = [DeploymentInline, PowerMeterInline, ServerHoursInline]
    list_display = ["name", "base_url", "place", "in_house", "state", "is_active"]
    list_before_template = "gateway/panel_found_servers.html"
    search_fields = ["name", "place"]
    readonly_fields = ["state"]
    actions_submit_line = ["test", "look_for_models", "read_meter", "wake"]
    list_select_related = ["hours"]
    fieldsets = [
        (None, {"fields": ["name", "base_url", "api_key", "place", "in_house", "is_active", "state"]}),
        (_("Energy"), {"fields": ["watts"]}),
        (
            _("Patience"),
            {
                "fields": ["connect_timeout", "first_token_timeout", "between_tokens_timeout", "total_timeout"],
                "description": _("When a call counts as failed. The values given suit most servers."),
            },
        ),
        (
            _("Encryption"),
            {
                "fields": ["certificate"],
                "description": _(
                    "Needed only where the address begins with https:// and nobody public vouches for it."
                ),
            },
        ),
    ]

    @admin.display(description=_("state"))
    def state(self, upstream: Upstream) -> str:
        asleep = state_of(upstream) if upstream.is_active else ""
        return asleep or states.told(upstream)

    def get_actions_submit_line(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Buttons for what is there: a meter to read, a server that sleeps."""
        upstream = self.get_object(request, object_id) if object_id else None
        has = {
            "read_meter": PowerMeter.objects.filter(upstream=upstream).exclude(source=PowerMeter.Source.STATED),
            "wake": ServerHours.objects.filter(upstream=upstream, state=ServerHours.State.ASLEEP),
        }
        hidden = {f"gateway_upstream_{name}" for name, rows in has.items() if not upstream or not rows.exists()}
        found = super().get_actions_submit_line(request, object_id)
        return [each for each in found if each.action_name not in hidden]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Servers are seldom added by the dozen, and the buttons are many."""
        context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for deployment in touched(formsets):
            _warn_of_differences(request, deployment)
        if not change:
            _once_saved(self._discover, request, form.instance)
        for name, act in {"read_meter": try_out, "wake": wake_now}.items():
            if f"gateway_upstream_{name}" in request.POST:
                _once_saved(act, request, form.instance)

    @action(description=_("Save and test"))  # type: ignore[untyped-decorator]
    def test(self, request: HttpRequest, upstream: Upstream) -> None:
        _once_saved(self._test, request, upstream)

    def _test(self, request: HttpRequest, upstream: Upstream) -> None:
        trial = upstreams.test(upstream)
        if trial.reachable:
            text = gettext("%(software)s answered after %(time)s ms and lists: %(models)s")
            listed = ", ".join(trial.models) or gettext("no models")
            software = trial.software or gettext("The server")
            messages.success(request, text % {"software": software, "time": trial.milliseconds, "models": listed})
        else:
            text = gettext("No luck after %(time)s ms: %(error)s")
            messages.error(request, text % {"time": trial.milliseconds, "error": trial.error})
            return
        first = (
            upstream.deployments.filter(is_active=True, kind__in=ASKED).order_by("kind", "-is_default", "name").first()
        )
        if first and upstream.is_active:
            _tell_of_trial(request, first)

    @action(description=_("Save and look for models"))  # type: ignore[untyped-decorator]
    def look_for_models(self, request: HttpRequest, upstream: Upstream) -> None:
        _once_saved(self._discover, request, upstream)

    @action(description=_("Read the meter"))  # type: ignore[untyped-decorator]
    def read_meter(self, request: HttpRequest, upstream: Upstream) -> None:
        """In `save_related`, when the meter is saved as well."""

    @action(description=_("Wake it"))  # type: ignore[untyped-decorator]
    def wake(self, request: HttpRequest, upstream: Upstream) -> None:
        """In `save_related`, when its hours are saved as well."""

    def _discover(self, request: HttpRequest, upstream: Upstream) -> None:
        try:
            self._tell(request, upstreams.discover(upstream))
        except UpstreamError as error:
            messages.warning(request, str(error))

    def _tell(self, request: HttpRequest, added: list[Deployment]) -> None:
        text = ngettext("%(count)s new model is offered.", "%(count)s new models are offered.", len(added))
        messages.success(request, text % {"count": len(added)})
        if off := [each.model for each in added if not each.is_active]:
            text = gettext("Switched off, as the server passes their calls on to another one elsewhere: %(models)s.")
            messages.warning(request, text % {"models": ", ".join(off)})
        if twice := upstreams.elsewhere_too(added):
            text = gettext(
                "Also offered by another upstream: %(models)s. Give both the same public name to share calls."
            )
            messages.info(request, text % {"models": ", ".join(each.model for each in twice)})

    # --- servers found on this machine -------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        add = self.admin_site.admin_view(require_POST(self.add_found))
        return [path("add-found/", add, name="gateway_upstream_add_found"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may_add = self.has_add_permission(request)
        if may_add and "find" in request.GET:
            cache.set(FOUND, neighbours.find(), FOUND_SECONDS)
            return redirect("admin:gateway_upstream_changelist")
        found = cache.get(FOUND) if may_add else None
        context = {"may_find": may_add, "was_looked": found is not None, "found": found or [], **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def add_found(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        neighbour = neighbours.at(request.POST.get("base_url", ""))
        if neighbour is None:
            raise Http404
        cache.delete(FOUND)
        try:
            upstream = upstreams.add_found(neighbour.name, neighbour.base_url)
        except UpstreamError as error:
            messages.error(request, str(error))
            return redirect("admin:gateway_upstream_changelist")
        self.log_addition(request, upstream, [{"added": {}}])
        self._tell(request, list(upstream.deployments.all()))
        return redirect("admin:gateway_upstream_change", upstream.pk)


def touched(formsets: Iterable[Any]) -> Iterable[Deployment]:
    """The deployments among what was entered below an upstream."""
    for formset in formsets:
        rows = [*formset.new_objects, *(row for row, _fields in formset.changed_objects)]
        yield from (row for row in rows if isinstance(row, Deployment))


@admin.register(Deployment)
class DeploymentAdmin(StaysAfterTrial):
    form = DeploymentForm
    change_form_before_template = "accounts/panel_stamp.html"
    trials = ("try_out",)
    actions_submit_line = ["try_out"]
    list_display = ["name", "upstream", "model", "kind", "licence", "listed", "is_active", "is_default"]
    list_filter = ["kind", "is_active", "upstream"]
    list_select_related = ["upstream"]
    search_fields = ["name", "model"]
    readonly_fields = ["listed"]
    autocomplete_fields = ["teams"]
    fieldsets = [
        (None, {"fields": ["name", "upstream", "model", "kind", "is_active", "is_default", "listed"]}),
        (
            _("The model"),
            {
                "fields": ["licence", "openness", "origin", "size", "quantisation", "context_length", "card"],
                "description": _("People read this where they choose a model."),
            },
        ),
        (_("Who may call it, and how"), {"fields": ["teams", "defaults", "max_output_tokens"]}),
        (
            _("Sharing the calls"),
            {
                "fields": ["slots", "queue_limit", "priority", "weight", "fallback"],
                "description": _(
                    "Of several deployments with one public name, that with the lowest rank is asked first."
                ),
            },
        ),
        (_("Price"), {"fields": ["input_price", "output_price", "api_input_price", "api_output_price"]}),
    ]

    @action(description=_("Save and try"))  # type: ignore[untyped-decorator]
    def try_out(self, request: HttpRequest, deployment: Deployment) -> None:
        _once_saved(_tell_of_trial, request, deployment)

    @admin.display(description=_("at its upstream"))
    def listed(self, deployment: Deployment) -> str:
        if deployment.missing_since is None:
            return gettext("listed, or not asked yet")
        since = date_format(localtime(deployment.missing_since), "SHORT_DATETIME_FORMAT")
        return gettext("no longer listed since %(time)s") % {"time": since}

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        _warn_of_differences(request, form.instance)


@admin.register(Alias)
class AliasAdmin(AuditedAdmin):
    form = AliasForm
    list_display = ["name", "target", "answers"]
    search_fields = ["name", "target"]

    @admin.display(description=_("answers"), boolean=True)
    def answers(self, alias: Alias) -> bool:
        return Deployment.objects.filter(name=alias.target, is_active=True, upstream__is_active=True).exists()
