from typing import Any, ClassVar

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminRadioSelectWidget

from accounts import admins, audit, council, people, sessions
from accounts.audit import Kind
from accounts.exceptions import LastAdmin
from accounts.models import Membership, Team, User
from accounts.panel import AuditedAdmin, Rows, record_rows
from accounts.people_table import PeopleTable
from accounts.roles import Role
from accounts.table_admin import TableAdmin

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
# an address is changed at its user, secrets of factors are nobody's business, and teams are ours: Django's groups would
# be a second kind
for model in (EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken, UserSession, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

MEMBERSHIP = {"added": Kind.MEMBER_JOINED, "changed": Kind.MEMBER_CHANGED, "removed": Kind.MEMBER_LEFT}


class MembershipInline(Rows):
    model = Membership
    extra = 0
    autocomplete_fields = ["user", "team"]


class NewUserForm(UserCreationForm):  # type: ignore[misc]
    class Meta:
        model = User
        fields = ["email", "name"]


class ChangedUserForm(UserChangeForm):  # type: ignore[misc]
    """One role instead of Django's two flags."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, widget=UnfoldAdminRadioSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = str(self.instance.role)

    def _post_clean(self) -> None:
        super()._post_clean()
        if role := self.cleaned_data.get("role"):
            self.instance.role = role


class TeamMembersAdmin(AuditedAdmin):
    """A page with memberships below."""

    inlines = [MembershipInline]

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        record_rows(formset, MEMBERSHIP, lambda row: (row.user, f"team {row.team_id}: {row.role}"))


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], TeamMembersAdmin, TableAdmin):  # type: ignore[misc]
    added, changed, removed = Kind.PERSON_ADDED, Kind.PERSON_CHANGED, Kind.PERSON_REMOVED
    table = PeopleTable()
    of_persons = ("last_login",)
    form = ChangedUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "name", "shown_role", "is_active", "last_login"]
    list_filter: ClassVar[Any] = ["is_active", "is_superuser", "is_staff", "teams"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["email", "password", "name", "language"]}),
        (_("Rights"), {"fields": ["is_active", "role"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["email", "name", "password1", "password2"]})]
    readonly_fields = ["last_login", "date_joined"]
    actions = ["sign_out", "take_factors"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may only look sees no password, be it hashed, and the role in words."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        dates = [] if council.is_on() else ["last_login"]
        return [(None, {"fields": ["email", "name", "language", "is_active", "shown_role", *dates]})]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return [*self.readonly_fields, "shown_role"]

    @admin.display(description=_("role"))
    def shown_role(self, user: User) -> str:
        return str(user.role.label)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        before = User.objects.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        if before:
            people.note_changes(before, obj)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        if "password" in (request.resolver_match.url_name or "" if request.resolver_match else ""):
            audit.record(Kind.PASSWORD_CHANGED, obj)
        return super().log_change(request, obj, message)

    # --- an admin stays, whatever is done here ---------------------------------------------------------------------

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._kept(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Nobody is simply deleted: they are erased, with all that is theirs."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        return redirect("erase-person", get_object_or_404(User, pk=object_id).pk)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._kept(request, super().changelist_view, *args, **kwargs)

    def _kept(self, request: HttpRequest, view: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)  # type: ignore[no-any-return]
        try:
            with admins.one_stays():
                return view(request, *args, **kwargs)  # type: ignore[no-any-return]
        except LastAdmin as error:
            messages.error(request, str(error))
            return redirect(request.get_full_path())

    # --- in an emergency -------------------------------------------------------------------------------------------

    @admin.action(description=_("Sign out everywhere"), permissions=["change"])
    def sign_out(self, request: HttpRequest, users: Any) -> None:
        for user in users:
            sessions.end_others(user)
        messages.success(request, _("Signed out."))

    @admin.action(description=_("Remove second factors"), permissions=["change"])
    def take_factors(self, request: HttpRequest, users: Any) -> None:
        for user in users:
            people.take_factors(user)
        messages.success(request, _("Their second factors are removed."))


@admin.register(Team)
class TeamAdmin(TeamMembersAdmin):
    """One is removed at a time, once it was said what goes with it."""

    delete_confirmation_template = "accounts/panel_team_delete.html"
    list_display = ["name", "weight", "may_create_keys", "created_at"]
    search_fields = ["name"]

    def get_actions(self, request: HttpRequest) -> Any:
        return {name: found for name, found in super().get_actions(request).items() if name != "delete_selected"}
