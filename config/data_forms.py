from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget

from accounts.belongings import Heirloom
from accounts.models import User


class HeirsForm(forms.Form):
    """For each thing that others use: who has it from now on."""

    def __init__(self, *args: Any, heirlooms: list[Heirloom], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in heirlooms:
            choices = [("", _("nobody: it is deleted for everyone")), *each.heirs]
            self.fields[each.key] = forms.ChoiceField(label=each.label, required=False, choices=choices)

    @property
    def heirs(self) -> dict[str, str]:
        return {key: heir for key, heir in self.cleaned_data.items() if heir}


class ConfirmForm(forms.Form):
    """Nobody types an address by mistake."""

    email = forms.CharField(
        label=gettext_lazy("Email of the account"), max_length=254, widget=forms.EmailInput({"autocomplete": "off"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        if email != self.user.email.lower():
            raise forms.ValidationError(_("This is not the email of the account."))
        return email


class PanelHeirsForm(HeirsForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget = UnfoldAdminSelectWidget(choices=field.choices)  # type: ignore[attr-defined]


class PanelConfirmForm(ConfirmForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget = UnfoldAdminEmailInputWidget({"autocomplete": "off"})
