"""When a server is on, and how it is started and stopped (see gateway/hours)."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.encryption import EncryptedTextField
from gateway.hours.timetable import Timetable, Unreadable
from gateway.models.servers import HTTP_ADDRESS, Upstream

STATE = ("state", "since", "hooked_at", "is_hooked", "demanded_at", "retry_at", "problem", "wakes")


def house_zone() -> str:
    return str(settings.TIME_ZONE)


def office_hours() -> list[str]:
    return ["08:00-18:00"] * 5 + ["", ""]


class ServerHours(models.Model):
    """Of an upstream that is not always on. Its state is for the rounds and for callers who wake it."""

    class State(models.TextChoices):
        NEW = "new", _("not known yet")
        ASLEEP = "asleep", _("asleep")
        WAKING = "waking", _("waking")
        AWAKE = "awake", _("awake")
        STOPPING = "stopping", _("stopping")

    class Hook(models.TextChoices):
        HTTP = "http", _("a request (POST) to an address")
        COMMAND = "command", _("a command of this server")

    upstream = models.OneToOneField(Upstream, on_delete=models.CASCADE, related_name="hours")
    zone = models.CharField(_("time zone"), max_length=50, default=house_zone)
    # from Monday on; in words like "08:00-12:00, 13:00-18:00"
    week = ArrayField(
        models.CharField(max_length=100, blank=True), size=7, default=office_hours, verbose_name=_("week")
    )
    exceptions = models.TextField(
        _("exceptions"),
        blank=True,
        help_text=_("A day or some days in a line, and then its hours: “2026-12-24..2027-01-01” is off, "
                    "“2026-12-31 09:00-12:00” is on for three hours."),
    )  # fmt: skip
    wakes_on_demand = models.BooleanField(
        _("wakes when it is needed"), default=True, help_text=_("Also outside its hours, for whoever asks its models.")
    )
    idle_minutes = models.PositiveIntegerField(
        _("stops after minutes without a call"),
        null=True,
        blank=True,
        validators=[MinValueValidator(5), MaxValueValidator(1440)],
        help_text=_("Empty: never within its hours, after 15 minutes outside of them."),
    )
    hook = models.CharField(_("started and stopped by"), max_length=10, choices=Hook, default=Hook.HTTP)
    start_url = models.CharField(_("address to start it"), max_length=500, blank=True, validators=[HTTP_ADDRESS])
    stop_url = models.CharField(_("address to stop it"), max_length=500, blank=True, validators=[HTTP_ADDRESS])
    authorization = EncryptedTextField(
        _("authorization"),
        blank=True,
        help_text=_("The header that these addresses want, e.g. “Bearer …”. Kept encrypted and never shown again."),
    )
    command = models.CharField(_("command"), max_length=500, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.NEW, editable=False)
    since = models.DateTimeField(null=True, editable=False)
    hooked_at = models.DateTimeField(null=True, editable=False)  # when somebody began to call the hook for this state
    is_hooked = models.BooleanField(default=False, editable=False)  # and it said yes
    demanded_at = models.DateTimeField(null=True, editable=False)  # when a caller woke it
    retry_at = models.DateTimeField(null=True, editable=False)  # after a failure
    problem = models.CharField(_("problem"), max_length=200, blank=True, editable=False)
    wakes = ArrayField(models.PositiveIntegerField(), default=list, editable=False)  # seconds, the last ones

    class Meta:
        verbose_name = _("server hours")
        verbose_name_plural = _("server hours")

    def __str__(self) -> str:
        return str(self.upstream)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Its state is not the form's: one that was open meanwhile leaves it alone."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            kwargs["update_fields"] = [
                field.name for field in self._meta.concrete_fields if not field.primary_key and field.name not in STATE
            ]
        super().save(*args, **kwargs)

    def clean(self) -> None:
        try:
            self.timetable()
        except Unreadable as error:
            raise ValidationError(str(error)) from error
        if self.hook == self.Hook.HTTP and not (self.start_url and self.stop_url):
            raise ValidationError(_("Which addresses start and stop the server?"))
        if self.hook == self.Hook.COMMAND and self.command not in settings.HOOK_COMMANDS:
            raise ValidationError({"command": _("The server's configuration allows no such command.")})

    def timetable(self) -> Timetable:
        """Raises Unreadable."""
        return Timetable.of(self.zone, self.week, self.exceptions)
