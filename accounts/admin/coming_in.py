"""How people come in: rules, invitations, identity providers."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminPasswordWidget

from accounts import inviting, roles
from accounts.models import GroupMapping, HouseRules, IdentityProvider, Invitation
from accounts.panel import AuditedAdmin, ReadOnlyAdmin, Rows
from accounts.roles import EVERY_ROLE, May


class HouseRulesForm(forms.ModelForm[HouseRules]):
    second_factor_for = forms.MultipleChoiceField(
        label=_("Second factor required for"),
        choices=EVERY_ROLE,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Who has none is led to set one up before anything else."),
    )

    class Meta:
        model = HouseRules
        fields = ["second_factor_for", "open_sign_up", "invitation_days", "works_council", "pseudonymous_after"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "pseudonymous_after" in self.fields:
            self.fields["pseudonymous_after"].required = False
        if self.instance.works_council and "works_council" in self.fields:
            self.fields["works_council"].disabled = True  # nobody switches it off alone
            self.fields["pseudonymous_after"].disabled = True

    def clean_pseudonymous_after(self) -> int:
        days: int | None = self.cleaned_data["pseudonymous_after"]
        return self.instance.pseudonymous_after if days is None else days


@admin.register(HouseRules)
class HouseRulesAdmin(AuditedAdmin):
    """One row, made when it is first looked at."""

    form = HouseRulesForm

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        HouseRules.objects.get_or_create(pk=1)
        return redirect("admin:accounts_houserules_change", 1)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: HouseRules | None = None) -> bool:
        return False


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """They are made under “Invitations” in the pages, where the link is shown."""

    list_display = ["__str__", "role", "team", "made_by", "created_at", "expires_at", "accepted_by", "revoked_at"]
    list_select_related = ["team", "made_by", "accepted_by"]
    list_before_template = "accounts/panel_invitations.html"
    search_fields = ["email"]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return roles.may(request.user, May.INVITE_ANYONE)

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, invitations: Any) -> None:
        for invitation in invitations:
            inviting.revoke(invitation)
        messages.success(request, _("Revoked."))


class ProviderForm(forms.ModelForm[IdentityProvider]):
    new_secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        strip=False,
        max_length=500,
        widget=UnfoldAdminPasswordWidget({"autocomplete": "off"}),
        help_text=_("Kept encrypted and never shown again. Empty: as it is."),
    )

    class Meta:
        model = IdentityProvider
        fields = ["name", "slug", "issuer", "client_id", "group_claim", "admits_new", "has_second_factor", "is_active"]

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if secret := self.cleaned_data.get("new_secret"):
            self.instance.client_secret = secret


class GroupInline(Rows):
    model = GroupMapping
    extra = 0
    autocomplete_fields = ["team"]


@admin.register(IdentityProvider)
class IdentityProviderAdmin(AuditedAdmin):
    form = ProviderForm
    inlines = [GroupInline]
    list_display = ["name", "issuer", "admits_new", "is_active"]
    fields = ["name", "slug", "issuer", "client_id", "new_secret", "group_claim", "admits_new", "has_second_factor",
              "is_active", "addresses"]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: IdentityProvider | None = None) -> list[str]:
        return ["addresses", "slug"] if obj else ["addresses"]

    def get_fields(self, request: HttpRequest, obj: IdentityProvider | None = None) -> list[str]:
        """A secret is entered, never shown."""
        return [name for name in self.fields if name != "new_secret" or self.has_change_permission(request, obj)]

    @admin.display(description=_("to be entered there"))
    def addresses(self, provider: IdentityProvider) -> str:
        if not provider.slug:
            return str(_("Shown once it is saved."))
        names = ["openid_connect_callback", "oidc_backchannel_logout"]
        return "  ".join(inviting.absolute(reverse(name, args=[provider.slug])) for name in names)
