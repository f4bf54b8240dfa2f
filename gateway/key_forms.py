"""What is asked of who makes a key or rotates one: the same in the pages and in the panel."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminRadioSelectWidget

from accounts import roles
from accounts.models import User
from accounts.roles import May
from gateway import keys
from gateway.models import ApiKey, Deployment, Scope, Webhook
from gateway.models.keys import an_origin, every_scope
from gateway.once import OnceField

DAYS = 90
LONGEST = timedelta(days=3653)


class KeyForm(forms.ModelForm[ApiKey]):
    """Which models it may be made for comes from outside: an owner's, or every one."""

    scopes = forms.MultipleChoiceField(
        label=_("Allowed to"), choices=Scope.choices, initial=every_scope, widget=forms.CheckboxSelectMultiple
    )
    model_names = forms.MultipleChoiceField(
        label=_("Models"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all that its owner may call."),
    )
    once = OnceField()

    class Meta:
        model = ApiKey
        fields = ["name", "scopes", "model_names", "origins"]

    def __init__(self, *args: Any, offered: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["once"]
        known = dict.fromkeys([*offered, *(self.instance.model_names or [])])  # what it has it may keep
        self.fields["model_names"].choices = [(name, name) for name in known]  # type: ignore[attr-defined]

    def clean_origins(self) -> list[str]:
        """Django says of the model's own validation which one is wrong, and not why."""
        origins: list[str] = self.cleaned_data["origins"] or []
        for origin in origins:
            an_origin(origin)
        return origins

    def clean_model_names(self) -> list[str] | None:
        return self.cleaned_data["model_names"] or None


class OwnKeyForm(KeyForm):
    lasts = forms.ChoiceField(
        label=_("Expires"),
        choices=[("days", _("after 90 days")), ("date", _("on a day")), ("never", _("never"))],
        initial="days",
        widget=forms.RadioSelect,
    )
    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Only if it expires on a day."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, offered=[each.name for each in keys.offered_to(user)], **kwargs)
        self.instance.user = user
        if not roles.may(user, May.ENTER_PANEL):  # to whom it would open nothing
            usual = [(scope.value, scope.label) for scope in Scope if scope != Scope.ADMIN]
            self.fields["scopes"].choices = usual  # type: ignore[attr-defined]
        self.fields["name"].help_text = _("What it is for, e.g. “monthly report”.")
        has_choice = self.fields["model_names"].choices  # type: ignore[attr-defined]
        self.fields["model_names"].help_text = (
            _("None chosen: all that you may use.") if has_choice else _("No model is offered to you at present.")
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("lasts") == "date" and "last_day" not in self.errors:
            if not data.get("last_day"):
                self.add_error("last_day", _("Please name the last day."))
            elif data["last_day"] < timezone.localdate():
                self.add_error("last_day", _("This day is over."))
            elif data["last_day"] > timezone.localdate() + LONGEST:
                self.add_error("last_day", _("This is more than ten years ahead."))
        return data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        lasts = self.cleaned_data.get("lasts")
        if lasts == "days":
            self.instance.expires_at = timezone.now() + timedelta(days=DAYS)
        elif lasts == "date" and (day := self.cleaned_data.get("last_day")):
            self.instance.expires_at = timezone.make_aware(datetime.combine(day, time.max))


class RotationForm(forms.Form):
    """Of a key or a webhook. A page that is sent again, by reloading it, rotates nothing a second time: the secret that
    is to work for a while yet would be the last but two, and work no longer."""

    OVERLAPS = [(0, _("at once")), (1, _("in an hour")), (24, _("in a day")), (168, _("in seven days"))]

    overlap = forms.TypedChoiceField(
        label=_("The present secret stops working"),
        choices=OVERLAPS,
        coerce=lambda hours: timedelta(hours=int(hours)),
        initial=24,
        widget=forms.RadioSelect,
    )
    of = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, row: ApiKey | Webhook) -> None:
        secret = row.digest if isinstance(row, ApiKey) else row.secret
        self.current = salted_hmac("rotation", secret, algorithm="sha256").hexdigest()
        super().__init__(data, initial={"of": self.current})

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("of") and not constant_time_compare(data["of"], self.current):
            # whoever means it sends it once more
            self.data = {name: self.data.get(name, "") for name in self.fields} | {"of": self.current}
            self.add_error("overlap", _("It has got a new secret already. One more would end the former one."))
        return data


class PanelRotationForm(RotationForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["overlap"].widget = UnfoldAdminRadioSelectWidget(choices=self.OVERLAPS)


class PanelKeyForm(KeyForm):
    class Meta(KeyForm.Meta):
        fields = ["user", "name", "scopes", "model_names", "origins", "expires_at"]

    def clean_expires_at(self) -> datetime | None:
        expires: datetime | None = self.cleaned_data["expires_at"]
        if expires and "expires_at" in self.changed_data and expires <= timezone.now():
            raise forms.ValidationError(_("This is in the past."))
        return expires

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        names = Deployment.objects.order_by("name").values_list("name", flat=True)
        super().__init__(*args, offered=names, **kwargs)
        for name in ("scopes", "model_names"):
            choices = self.fields[name].choices  # type: ignore[attr-defined]
            self.fields[name].widget = UnfoldAdminCheckboxSelectMultipleWidget(choices=choices)
