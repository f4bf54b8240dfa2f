"""The notice on data protection: drafts are written here, and published once and for all."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldBooleanSwitchWidget

from accounts.models import Notice
from accounts.panel import AuditedAdmin


class NoticeForm(forms.ModelForm[Notice]):
    publish = forms.BooleanField(
        label=_("Publish now"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Everyone is led to it before anything else and agrees once. It cannot be changed afterwards."),
    )

    class Meta:
        model = Notice
        fields = ["german", "english"]


@admin.register(Notice)
class NoticeAdmin(AuditedAdmin):
    form = NoticeForm
    list_display = ["__str__", "published_at", "agreed", "reading"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        found: QuerySet[Notice] = super().get_queryset(request)
        return found.annotate(number=Count("agreements"))

    def get_fields(self, request: HttpRequest, obj: Notice | None = None) -> list[str]:
        if obj is None:
            return ["german", "english", "publish"]
        texts = ["german", "english", "reading"]
        return [*texts, "published_at"] if obj.published_at else [*texts, "publish"]

    def get_readonly_fields(self, request: HttpRequest, obj: Notice | None = None) -> list[str]:
        return ["reading", "published_at"]

    def has_change_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return not (obj and obj.published_at) and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return not (obj and obj.published_at) and bool(super().has_delete_permission(request, obj))

    def save_model(self, request: HttpRequest, obj: Notice, form: NoticeForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.cleaned_data["publish"]:
            obj.publish()
            messages.success(request, _("Published: everyone is asked from now on."))

    @admin.display(description=_("agreed"))
    def agreed(self, notice: Any) -> str:
        return str(notice.number) if notice.published_at else "–"

    @admin.display(description=_("as it reads"))
    def reading(self, notice: Notice) -> str:
        if notice.pk is None:
            return "–"
        return format_html('<a href="{}">{}</a>', reverse("notice-version", args=[notice.pk]), _("Open"))
