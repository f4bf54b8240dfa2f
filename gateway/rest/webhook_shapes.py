from typing import Any, Literal

from pydantic import Field

from accounts.rest.shapes import Flag, Given, Id, Number, Shape, When, left
from gateway.models import Attempt, Delivery, Webhook

EventName = Literal[
    "document.ready",
    "document.failed",
    "answer.completed",
    "quota.warning",
    "quota.exhausted",
    "upstream.down",
    "upstream.up",
]
DeliveryState = Literal["waiting", "delivered", "failed", "withheld"]


class WebhookShape(Shape):
    noted = frozenset({"failing_since", "disabled_at"})

    id: Number
    name: str = Field(examples=["n8n: new documents"])
    url: str | None = Field(
        description="It may hold a secret: null for who may only look.", examples=["https://n8n.example.org/webhook/7f"]
    )
    host: str = Field(examples=["n8n.example.org"])
    events: list[EventName]
    with_content: Flag
    created_at: When
    former_secret_until: When | None = Field(description="How long the one before the last rotation signs, too.")
    failing_since: When | None
    disabled_at: When | None = Field(description="Since when it is switched off.")

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookShape":
        return cls(**_known(webhook))


class IssuedWebhook(WebhookShape):
    secret: str = Field(description="Signs what is sent. Told this once.", examples=["whsec_…"])

    @classmethod
    def of(cls, webhook: Webhook) -> "IssuedWebhook":
        return cls(**_known(webhook), secret=webhook.secret)


def _known(webhook: Webhook) -> dict[str, Any]:
    same = ("name", "url", "host", "events", "with_content", "created_at", "failing_since", "disabled_at")
    own = {name: getattr(webhook, name) for name in same}
    return {**own, "id": webhook.pk, "former_secret_until": webhook.overlaps_until}


class WebhookChange(Given):
    name: str = left(min_length=1, max_length=100)
    url: str = left(max_length=2_000)
    events: list[EventName] = left(min_length=1, max_length=7)
    with_content: Flag = left()


class NewWebhook(Given):
    name: str = Field(min_length=1, max_length=100, examples=["n8n: new documents"])
    url: str = Field(
        max_length=2_000, description="On the public internet.", examples=["https://n8n.example.org/webhook/7f"]
    )
    events: list[EventName] = Field(min_length=1, max_length=7, examples=[["document.ready"]])
    with_content: Flag = Field(False, description="Tells names and texts, too; otherwise ids alone.")


class NewHouseWebhook(NewWebhook):
    events: list[EventName] = Field(min_length=1, max_length=7, examples=[["upstream.down", "upstream.up"]])


class AttemptShape(Shape):
    at: When
    milliseconds: int
    status: int | None = Field(description="Of the answer; null where there was none.", examples=[200])
    reason: str = Field(description="Code of why there was no answer.", examples=[""])
    answer: str = Field(description="How it begins.")

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptShape":
        return cls(**{name: getattr(attempt, name) for name in cls.model_fields})


class DeliveryShape(Shape):
    id: Id
    message: str = Field(description="`webhook-id` of its requests.", examples=["msg_7c9e6679742540de944be07fc1f90ae7"])
    event: EventName
    object: str = Field(description="Id of what it is about.")
    occurred_at: When
    state: DeliveryState
    tries: int
    next_at: When | None = Field(description="When it is tried next; null where it is not.")
    attempts: list[AttemptShape]

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryShape":
        return cls(
            **{name: getattr(delivery, name) for name in ("id", "event", "occurred_at", "state", "tries")},
            message=delivery.message_id,
            object=delivery.object_id,
            next_at=delivery.next_at if delivery.is_waiting else None,
            attempts=[AttemptShape.of(each) for each in delivery.attempts.all()],
        )
