from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline

from accounts import roles
from accounts.audit import Kind
from accounts.panel import ReadOnlyAdmin
from gateway import deliveries
from gateway.admin.issuing import IssuingAdmin
from gateway.models import Attempt, Delivery, Webhook
from gateway.webhook_forms import PanelWebhookForm


@admin.register(Webhook)
class WebhookAdmin(IssuingAdmin):
    """Those of the house; what persons have is in their preferences."""

    changed, removed = Kind.WEBHOOK_CHANGED, Kind.WEBHOOK_REMOVED
    of_rotating = _("Until the present secret stops working, calls are signed with both.")
    form = PanelWebhookForm
    list_display = ["name", "host", "user", "failing_since", "disabled_at"]
    list_select_related = ["user"]
    readonly_fields = ["user", "created_at", "failing_since", "disabled_at"]
    actions = ["switch_on"]

    def get_fields(self, request: HttpRequest, obj: Webhook | None = None) -> list[str]:
        asked = ["name", "url", "events", "with_content"]
        return [*asked, *self.readonly_fields] if obj else [*asked, "once"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        found: QuerySet[Webhook] = super().get_queryset(request).filter(is_house=True)
        return found

    def save_model(self, request: HttpRequest, obj: Webhook, form: ModelForm[Webhook], change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)  # nothing that was rotated or switched off meanwhile
            return
        obj.user, obj.is_house = request.user, True  # type: ignore[assignment]  # an admin, or no form came
        obj.issue()

    @admin.display(description=_("address"))
    def host(self, webhook: Webhook) -> str:
        return webhook.host

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, webhooks: QuerySet[Webhook]) -> None:
        for webhook in webhooks:
            webhook.switch_on()


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
        found: Any = super().get_queryset(request).filter(webhook__is_house=True)
        return found.shown()  # type: ignore[no-any-return]

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
