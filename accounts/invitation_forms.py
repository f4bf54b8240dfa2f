import struct
from typing import Any

from allauth.mfa.webauthn.internal import auth
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import inviting, roles
from accounts.forms import SetupForm
from accounts.models import Invitation, User
from accounts.roles import May, Role

UNREADABLE = (AttributeError, LookupError, ValueError, struct.error)  # of bytes that no device ever sent


class InvitationForm(forms.ModelForm[Invitation]):
    """An admin chooses freely; a lead invites members into a team of theirs."""

    class Meta:
        model = Invitation
        fields = ["email", "role", "team", "team_role"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams: Any = self.fields["team"]
        teams.queryset = teams.queryset.filter(pk__in=[team.pk for team in inviting.teams_of(user)])
        if not roles.may(user, May.INVITE_ANYONE):
            teams.required, teams.empty_label = True, None
            del self.fields["role"], self.fields["team_role"]
            self.instance.role, self.instance.team_role = Role.MEMBER, "member"

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if email and User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(_("There is an account with this address already."))
        return email


class AcceptForm(SetupForm):
    """Name and password; the address, too, where the invitation names none."""

    field_order = ["email", "name", "password"]

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if invitation.email:
            self.fields["email"].initial = invitation.email
            self.fields["email"].disabled = True


class PasskeyAcceptForm(AcceptForm):
    """What the device answered in place of the password."""

    credential = forms.JSONField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password"]

    def clean_credential(self) -> dict[str, Any]:
        credential: dict[str, Any] = self.cleaned_data["credential"]
        try:
            auth.parse_registration_response(credential)
        except UNREADABLE:
            raise forms.ValidationError(_("That did not work.")) from None
        if not auth.complete_registration(credential).is_user_verified():
            raise forms.ValidationError(_("That did not work."))
        return credential
