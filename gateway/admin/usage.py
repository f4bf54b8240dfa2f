from typing import Any

from django.contrib import admin
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter

from gateway.models import Usage

TOKENS = ["input_tokens", "output_tokens"]


@admin.register(Usage)
class UsageAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = [
        "started_at",
        "user",
        "deployment",
        "purpose",
        "status",
        "input_tokens",
        "output_tokens",
        "estimated",
    ]
    list_filter = [("started_at", RangeDateTimeFilter), "purpose", "status", "deployment", "user"]
    list_filter_submit = True
    list_select_related = ["user", "deployment"]
    list_before_template = "gateway/_usage_sums.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, extra_context)
        if "cl" in (context := getattr(response, "context_data", None) or {}):
            tokens = {name: Sum(name) for name in TOKENS}
            context["sums"] = context["cl"].queryset.order_by().aggregate(calls=Count("pk"), **tokens)
        return response

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Usage | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Usage | None = None) -> bool:
        return False
