"""The panel's pages of data protection: they count and name what is spread over the apps."""

from textwrap import wrap
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldBooleanSwitchWidget

from accounts.audit import Kind
from accounts.models import Controller, Erasure, LegalHold, RetentionRule
from accounts.panel import AuditedAdmin, ReadOnlyAdmin
from config import certificates, keeping
from config.data_views import certificate_file
from rag.models import Collection

RULE = ["kind", "team", "days", "spares_pinned"]
GOING = {
    "conversations": _("conversations"),
    "messages": _("messages"),
    "documents": _("documents with their files"),
    "files": _("files of scripts"),
    "calls": _("calls in the ledger"),
    "events": _("events of the audit log"),
}


class RuleForm(forms.ModelForm[RetentionRule]):
    """Whoever would delete something sees first how much, and says yes to that."""

    confirmed = forms.BooleanField(
        label=_("Yes, delete these"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("You are told first how much the rule would delete; then it is asked for."),
    )
    previewed = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = RetentionRule
        fields = RULE

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and (going := keeping.preview(RetentionRule(pk=self.instance.pk, **self._values(data)))):
            self._ask(data, going)
        return data

    def _values(self, data: dict[str, Any]) -> dict[str, Any]:
        return {name: data[name] for name in RULE}

    def _ask(self, data: dict[str, Any], going: dict[str, int]) -> None:
        shown = ":".join(str(getattr(value, "pk", value)) for value in self._values(data).values())
        if data.get("confirmed") and data.get("previewed") == shown:
            return
        self.data = {**self.data.dict(), "previewed": shown, "confirmed": ""}  # type: ignore[attr-defined]  # of a request
        what = ", ".join(f"{GOING[name]}: {number}" for name, number in going.items())
        text = gettext(
            "This rule deletes, with the next round: %(what)s. Say yes here and save again if that is right."
        )
        self.add_error("confirmed", text % {"what": what})


@admin.register(RetentionRule)
class RetentionRuleAdmin(AuditedAdmin):
    form = RuleForm
    list_display = ["kind", "for_whom", "days", "pinned", "now"]
    list_select_related = ["team"]
    list_before_template = "data/panel_retention.html"

    @admin.display(description=_("for"))
    def for_whom(self, rule: RetentionRule) -> str:
        return str(rule.team or _("all"))

    @admin.display(description=_("pinned ones stay"))
    def pinned(self, rule: RetentionRule) -> str:
        if rule.kind != RetentionRule.Kind.CONVERSATIONS:
            return "–"
        return gettext("yes") if rule.spares_pinned else gettext("no")

    @admin.display(description=_("goes with the next round"))
    def now(self, rule: RetentionRule) -> str:
        return ", ".join(f"{GOING[name]}: {number}" for name, number in keeping.preview(rule).items()) or "–"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": RULE})]


class HoldForm(forms.ModelForm[LegalHold]):
    collection = forms.ModelChoiceField(
        label=_("Collection"),
        queryset=Collection.objects.filter(is_attachment=False),
        required=False,
        widget=UnfoldAdminSelect2Widget,
    )

    class Meta:
        model = LegalHold
        fields = ["user", "team", "collection", "reason"]

    def clean_collection(self) -> Any:
        chosen = self.cleaned_data["collection"]
        return chosen.pk if chosen else None


@admin.register(LegalHold)
class LegalHoldAdmin(AuditedAdmin):
    """Placed and released, never changed."""

    added, removed = Kind.HOLD_PLACED, Kind.HOLD_RELEASED
    form = HoldForm
    list_display = ["on_what", "reason", "placed_by", "placed_at"]
    list_select_related = ["user", "team", "placed_by"]
    list_before_template = "data/panel_holds.html"
    autocomplete_fields = ["user", "team"]

    @admin.display(description=_("on"))
    def on_what(self, hold: LegalHold) -> str:
        if hold.collection is None:
            return str(hold)
        found = Collection.objects.filter(pk=hold.collection).first()
        return gettext("Collection “%(name)s”") % {"name": found or hold.collection}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj:
            return [(None, {"fields": ["on_what", "reason", "placed_by", "placed_at"]})]
        explained = _("A hold is on one person, one team or one collection.")
        return [(None, {"fields": ["user", "team", "collection", "reason"], "description": explained})]

    def has_change_permission(self, request: HttpRequest, obj: LegalHold | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: LegalHold, form: Any, change: bool) -> None:
        obj.placed_by = request.user  # type: ignore[assignment]  # who is in the panel is somebody
        super().save_model(request, obj, form, change)


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    list_display = ["id", "asked_by", "requested_at", "state", "finished_at"]
    list_filter: ClassVar[Any] = ["state", "asked_by"]
    list_before_template = "data/panel_erasures.html"
    fields = ["id", "subject", "asked_by", "requested_at", "state", "finished_at", "erased", "hash", "certificate"]
    readonly_fields = fields

    @admin.display(description=_("Erased"))
    def erased(self, erasure: Erasure) -> str:
        return ", ".join(f"{what}: {number}" for what, number in certificates.lines(erasure)) or "–"

    @admin.display(description=_("SHA-256"))
    def hash(self, erasure: Erasure) -> str:
        """In groups, so that a telephone can break the line; the certificate has it whole."""
        return " ".join(wrap(erasure.digest, 16)) or "–"

    @admin.display(description=_("Certificate"))
    def certificate(self, erasure: Erasure) -> str:
        if erasure.state != Erasure.State.DONE:
            return "–"
        address = reverse("admin:accounts_erasure_certificate", args=[erasure.pk])
        return format_html('<a class="underline" href="{}" download>{}</a>', address, _("Download the certificate"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download)
        return [path("<uuid:pk>/certificate/", view, name="accounts_erasure_certificate"), *super().get_urls()]

    def download(self, request: HttpRequest, pk: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return certificate_file(get_object_or_404(Erasure, pk=pk, state=Erasure.State.DONE))


@admin.register(Controller)
class ControllerAdmin(AuditedAdmin):
    """One row, made when it is first looked at."""

    fields = ["name", "address", "contact", "representative", "officer", "officer_contact", "remarks"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        Controller.objects.get_or_create(pk=1)
        return redirect("admin:accounts_controller_change", 1)

    def response_change(self, request: HttpRequest, obj: Controller) -> HttpResponse:
        messages.success(request, _("Saved."))
        return redirect("records")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Controller | None = None) -> bool:
        return False
