from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from accounts.stamped_forms import StampedForm
from gateway.models import Alias, Deployment, Upstream
from gateway.requests import CHAT, EMBEDDING, Field

# what a default may name: all that a caller may, but what the call itself is about
DEFAULTS: dict[str, dict[str, Field]] = {
    Deployment.Kind.CHAT: {
        name: field
        for name, field in CHAT.items()
        if name not in ("model", "messages", "prompt", "stream", "stream_options")
    },
    Deployment.Kind.EMBEDDING: {name: field for name, field in EMBEDDING.items() if name not in ("model", "input")},
}


class UpstreamForm(StampedForm[Upstream]):
    """The key goes in and never comes out; with a new address the old one is forgotten, not sent there."""

    class Meta:
        model = Upstream
        fields = [
            "name",
            "base_url",
            "api_key",
            "place",
            "in_house",
            "is_active",
            "certificate",
            "watts",
            "connect_timeout",
            "first_token_timeout",
            "between_tokens_timeout",
            "total_timeout",
        ]
        widgets = {"api_key": UnfoldAdminPasswordWidget({"autocomplete": "new-password"}, render_value=False)}
        help_texts = {
            "api_key": gettext_lazy("Kept encrypted and never shown again. Empty: unchanged; with a new address, none.")
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("api_key") and "base_url" not in self.changed_data:
            data["api_key"] = self.initial.get("api_key", "")
        return data


class DeploymentForm(StampedForm[Deployment]):
    class Meta:
        model = Deployment
        exclude: list[str] = []

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "defaults" in data and data["defaults"] is None:
            data["defaults"] = {}  # an emptied field; there is none in the rows below a server
        if (defaults := data.get("defaults")) and (problem := _problem(defaults, data.get("kind", ""))):
            self.add_error("defaults", problem)
        return data


class AliasForm(forms.ModelForm[Alias]):
    class Meta:
        model = Alias
        fields = ["name", "target"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Deployment.objects.order_by("name").values_list("name", flat=True).distinct()
        choices = [(name, name) for name in dict.fromkeys([*names, *filter(None, [self.instance.target])])]
        self.fields["target"].widget = UnfoldAdminSelectWidget(choices=choices)


def _problem(defaults: Any, kind: str) -> str | None:
    """What is wrong with a deployment's defaults, in words."""
    fields = DEFAULTS.get(kind, {})
    if not isinstance(defaults, dict):
        return _('This has to be a JSON object, e.g. {"temperature": 0.3}')
    if unknown := [name for name in defaults if name not in fields]:
        allowed = ", ".join(fields) or _("none")
        return _("“%(field)s” cannot have a default here. Possible are: %(allowed)s.") % {
            "field": unknown[0],
            "allowed": allowed,
        }
    for name, value in defaults.items():
        if not fields[name].is_valid(value):
            expected = fields[name].expected
            return _("Invalid value for “%(field)s”; expected: %(expected)s.") % {"field": name, "expected": expected}
    return None
