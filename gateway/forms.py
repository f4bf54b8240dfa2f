from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from gateway.models import Upstream


class UpstreamForm(forms.ModelForm[Upstream]):
    """The key goes in and never comes out; with a new address the old one is forgotten, not sent there."""

    class Meta:
        model = Upstream
        fields = ["name", "base_url", "api_key", "place", "is_active"]
        widgets = {"api_key": UnfoldAdminPasswordWidget({"autocomplete": "new-password"}, render_value=False)}
        help_texts = {"api_key": _("Kept encrypted and never shown again. Empty: unchanged; with a new address, none.")}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("api_key") and "base_url" not in self.changed_data:
            data["api_key"] = self.initial.get("api_key", "")
        return data
