from gateway.admin.energy import EnergyHourAdmin, EnergyRulesAdmin
from gateway.admin.keys import ApiKeyAdmin
from gateway.admin.quotas import QuotaAdmin
from gateway.admin.servers import AliasAdmin, DeploymentAdmin, UpstreamAdmin
from gateway.admin.usage import UsageAdmin
from gateway.admin.webhooks import DeliveryAdmin, WebhookAdmin

__all__ = [
    "AliasAdmin",
    "ApiKeyAdmin",
    "DeliveryAdmin",
    "DeploymentAdmin",
    "EnergyHourAdmin",
    "EnergyRulesAdmin",
    "QuotaAdmin",
    "UpstreamAdmin",
    "UsageAdmin",
    "WebhookAdmin",
]
