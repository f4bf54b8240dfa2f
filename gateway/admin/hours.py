"""When a server is on, entered beside it: a line for each day of the week."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.stamped_forms import StampedForm
from gateway.hours import waking
from gateway.models import ServerHours, Upstream
from gateway.models.hours import office_hours

DAYS = {
    "monday": _("Monday"),
    "tuesday": _("Tuesday"),
    "wednesday": _("Wednesday"),
    "thursday": _("Thursday"),
    "friday": _("Friday"),
    "saturday": _("Saturday"),
    "sunday": _("Sunday"),
}
State = ServerHours.State


def _day(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=100, widget=UnfoldAdminTextInputWidget({"placeholder": "–"})
    )


class ServerHoursForm(StampedForm[ServerHours]):
    """The header goes in and never comes out; with new addresses the old one is forgotten, not sent there."""

    also_stamped = ["week"]
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = map(_day, DAYS.values())

    class Meta:
        model = ServerHours
        fields = ["zone", "exceptions", "wakes_on_demand", "idle_minutes", "hook", "start_url", "stop_url",
                  "authorization", "command"]  # fmt: skip
        widgets = {"authorization": UnfoldAdminPasswordWidget({"autocomplete": "new-password"}, render_value=False)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update(zip(DAYS, self.instance.week or office_hours(), strict=True))
        known = dict.fromkeys([*settings.HOOK_COMMANDS, *filter(None, [self.instance.command])])
        if "command" in self.fields:
            choices = [("", "–"), *((name, name) for name in known)]
            self.fields["command"].widget = UnfoldAdminSelectWidget(choices=choices)
            self.fields["command"].help_text = _("One of those that VOLIERE_HOOK_COMMANDS names.")

    def has_changed(self) -> bool:
        """What is offered for a new one is entered by leaving it."""
        return self.instance._state.adding or super().has_changed()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("authorization") and not {"start_url", "stop_url"} & set(self.changed_data):
            data["authorization"] = self.initial.get("authorization", "")
        return data

    def _post_clean(self) -> None:
        self.instance.week = [self.cleaned_data.get(day, "") for day in DAYS]
        super()._post_clean()  # type: ignore[misc]


class ServerHoursInline(StackedInline):  # type: ignore[misc]
    model = ServerHours
    form = ServerHoursForm
    extra = 0
    max_num = 1
    readonly_fields = ["standing"]
    template_before = "accounts/panel_inline.html"
    verbose_name = verbose_name_plural = _("Hours: for a server that is not always on")

    def get_fields(self, request: HttpRequest, obj: Upstream | None = None) -> list[str]:
        """A secret is entered, never shown."""
        if not self.has_change_permission(request, obj):
            plain = [name for name in ServerHoursForm.Meta.fields if name != "authorization"]
            return ["standing", "week", *plain]
        return ["standing", *DAYS, *ServerHoursForm.Meta.fields]

    @admin.display(description=_("state"))
    def standing(self, hours: ServerHours) -> str:
        if not hours.pk or not hours.since:
            return str(State(hours.state).label) if hours.pk else "–"
        since = date_format(timezone.localtime(hours.since), "SHORT_DATETIME_FORMAT")
        said = gettext("%(state)s since %(time)s") % {"state": hours.get_state_display(), "time": since}
        if hours.wakes:
            said += " · " + gettext("wakes in about %(minutes)s min") % {"minutes": -(-max(hours.wakes) // 60)}
        return f"{said} · {hours.problem}" if hours.problem else said


def state_of(upstream: Upstream) -> str:
    """In a word, of one that is not awake."""
    hours: ServerHours | None = getattr(upstream, "hours", None)
    if hours is None or hours.state in (State.AWAKE, State.NEW):
        return ""
    label = hours.get_state_display()
    return f"{label}: {hours.problem}" if hours.problem else label


def wake_now(request: HttpRequest, upstream: Upstream) -> None:
    hours = ServerHours.objects.filter(upstream=upstream).first()
    if hours is None:
        messages.info(request, gettext("It has no hours, so it counts as always on."))
        return
    waking.wake(hours.pk)
    hours.refresh_from_db()
    messages.info(request, gettext("Its state: %(state)s.") % {"state": hours.get_state_display()})
