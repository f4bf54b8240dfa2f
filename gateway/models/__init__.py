"""Servers and what they offer, who calls, how much may be consumed, and what was."""

from gateway.models.keys import ApiKey, ApiKeyQuerySet, Scope
from gateway.models.quotas import Quota
from gateway.models.servers import Alias, Deployment, DeploymentQuerySet, Occupancy, Upstream
from gateway.models.usage import Call, Purpose, Usage, UsageTotal
from gateway.models.webhooks import Attempt, Delivery, Event, Webhook, WebhookQuerySet

__all__ = [
    "Alias",
    "ApiKey",
    "ApiKeyQuerySet",
    "Attempt",
    "Call",
    "Delivery",
    "Deployment",
    "DeploymentQuerySet",
    "Event",
    "Occupancy",
    "Purpose",
    "Quota",
    "Scope",
    "Upstream",
    "Usage",
    "UsageTotal",
    "Webhook",
    "WebhookQuerySet",
]
