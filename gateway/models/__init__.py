"""Servers and what they offer, who calls, how much may be consumed, and what was."""

from gateway.models.energy import CallEnergy, EnergyHour, EnergyRules, Method, PowerMeter
from gateway.models.hours import ServerHours
from gateway.models.keys import ApiKey, ApiKeyQuerySet, Scope
from gateway.models.quotas import Quota
from gateway.models.servers import Alias, Deployment, DeploymentQuerySet, Upstream
from gateway.models.usage import Call, Occupancy, Purpose, Usage, UsageTotal
from gateway.models.webhooks import Attempt, Delivery, Event, Webhook, WebhookQuerySet

__all__ = [
    "Alias",
    "ApiKey",
    "ApiKeyQuerySet",
    "Attempt",
    "Call",
    "CallEnergy",
    "Delivery",
    "Deployment",
    "DeploymentQuerySet",
    "EnergyHour",
    "EnergyRules",
    "Event",
    "Method",
    "Occupancy",
    "PowerMeter",
    "Purpose",
    "Quota",
    "Scope",
    "ServerHours",
    "Upstream",
    "Usage",
    "UsageTotal",
    "Webhook",
    "WebhookQuerySet",
]
