from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline
from unfold.decorators import action

from accounts import roles
from accounts.audit import Kind
from accounts.panel import AuditedAdmin, ReadOnlyAdmin
from gateway import deliveries
from gateway.key_forms import PanelRotationForm
from gateway.models import Attempt, Delivery, Webhook
from gateway.webhook_forms import PanelWebhookForm


@admin.register(Webhook)
class WebhookAdmin(AuditedAdmin):
    """Those of the house; what persons have is in their preferences."""

    added, changed, removed = None, Kind.WEBHOOK_CHANGED, Kind.WEBHOOK_REMOVED  # it records itself how it is issued
    form = PanelWebhookForm
    list_display = ["name", "host", "user", "failing_since", "disabled_at"]
    list_select_related = ["user"]
    readonly_fields = ["user", "created_at", "failing_since", "disabled_at"]
    actions = ["switch_on"]
    actions_detail = ["rotate"]

    def get_fields(self, request: HttpRequest, obj: Webhook | None = None) -> list[str]:
        asked = ["name", "url", "events", "with_content"]
        return [*asked, *self.readonly_fields] if obj else asked

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        found: QuerySet[Webhook] = super().get_queryset(request).filter(is_house=True)
        return found

    def save_model(self, request: HttpRequest, obj: Webhook, form: ModelForm[Webhook], change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)  # nothing that was rotated or switched off meanwhile
            return
        obj.user, obj.is_house = request.user, True  # type: ignore[assignment]  # an admin, or no form came
        obj.issue()

    def response_add(self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None) -> HttpResponse:
        return self._issued(request, obj)

    @admin.display(description=_("address"))
    def host(self, webhook: Webhook) -> str:
        return webhook.host

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, webhooks: QuerySet[Webhook]) -> None:
        for webhook in webhooks:
            webhook.switch_on()

    @action(description=_("New secret"), url_path="rotate", permissions=["change"])  # type: ignore[untyped-decorator]
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        webhook = self.get_object(request, object_id)
        if webhook is None:
            raise Http404
        form = PanelRotationForm(request.POST or None, row=webhook)
        if not form.is_valid():
            return self._page(request, webhook, "gateway/panel_webhook_rotate.html", {"form": form})
        webhook.rotate(form.cleaned_data["overlap"])
        # in the audit log it is by the webhook itself
        super(AuditedAdmin, self).log_change(request, webhook, [{"changed": {"fields": ["secret"]}}])
        return self._issued(request, webhook)

    def _issued(self, request: HttpRequest, webhook: Webhook) -> HttpResponse:
        """The secret goes out in this answer alone: a message would carry it through a cookie."""
        response = self._page(request, webhook, "gateway/panel_webhook_issued.html")
        add_never_cache_headers(response)
        return response

    def _page(
        self, request: HttpRequest, webhook: Webhook, template: str, context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "title": str(webhook), "webhook": webhook}
        return render(request, template, shared | (context or {}))


class AttemptsBelow(TabularInline):  # type: ignore[misc]  # unfold ships no types
    model = Attempt
    fields = readonly_fields = ["at", "explained", "milliseconds", "answer"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    @admin.display(description=_("outcome"))
    def explained(self, attempt: Attempt) -> str:
        return attempt.explained


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "webhook", "event", "state", "tries"]
    list_filter = ["state", "event"]
    list_select_related = ["webhook"]
    fields = readonly_fields = ["occurred_at", "webhook", "event", "object_id", "state", "tries", "webhook_id_sent"]
    inlines = [AttemptsBelow]
    actions = ["replay"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        found: QuerySet[Delivery] = super().get_queryset(request).filter(webhook__is_house=True)
        return found

    @admin.display(description="webhook-id")
    def webhook_id_sent(self, delivery: Delivery) -> str:
        return delivery.message_id

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return roles.may(request.user, roles.May.CHANGE_SETTINGS)

    @admin.action(description=_("Send again"), permissions=["replay"])
    def replay(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        for delivery in chosen:
            deliveries.replay(delivery)
        text = ngettext("%(count)s is sent again.", "%(count)s are sent again.", len(chosen))
        messages.success(request, text % {"count": len(chosen)})
