"""What is processed when a model is called (see `accounts.activities`)."""

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.activities import Activity
from accounts.models import RetentionRule
from accounts.processing import for_days
from accounts.retention import rule_of_the_house
from gateway.models import Upstream


def outside() -> list[str]:
    """Servers that get what is asked and do not stand in the house."""
    found = Upstream.objects.filter(is_active=True, in_house=False, is_embedded=False)
    return [f"{each.name} ({each.place or each.base_url})" for each in found.order_by("name")]


def activities() -> list[Activity]:
    rule, months = rule_of_the_house(RetentionRule.Kind.USAGE), settings.USAGE_RETENTION_MONTHS
    kept = for_days(rule.days) if rule else _("%(months)s months") % {"months": months} if months else _("without end")
    return [
        Activity(
            name=_("Calls of language models"),
            purpose=_("Answering questions; indexing and finding documents."),
            people=_("People with an account; people named in questions and documents"),
            data=_("Questions, earlier messages and passages of documents, in passing; nothing of it is kept here"),
            retention=_("Not kept by the gateway; answers to repeated requests of scripts: a day, encrypted"),
            recipients=outside(),
        ),
        Activity(
            name=_("Usage"),
            purpose=_("Sharing capacity fairly by quotas; accounting for energy and money."),
            people=_("People with an account, and their API keys"),
            data=_("Who called which model when and for what, tokens, times, energy, cost. No content."),
            retention=kept + _(", by whole months; sums by day then without the person"),
        ),
    ]
