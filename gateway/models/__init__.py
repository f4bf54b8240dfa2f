"""Servers and what they offer, who calls, how much may be consumed, and what was."""

from gateway.models.energy import CallEnergy, EnergyHour, EnergyRules, Method, PowerMeter
from gateway.models.hours import ServerHours
from gateway.models.keys import ApiKey, ApiKeyQuerySet, Scope
from gateway.models.quotas import Quota
from gateway.models.servers import Alias, Deployment, DeploymentQuerySet, Occupancy, Upstream
from gateway.models.usage import Call, Purpose, Usage, UsageTotal

__all__ = [
    "Alias",
    "ApiKey",
    "ApiKeyQuerySet",
    "Call",
    "CallEnergy",
    "Deployment",
    "DeploymentQuerySet",
    "EnergyHour",
    "EnergyRules",
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
]
