"""Quotas as sentences: what is allowed, what happens then, and what is left."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gateway import amounts, quotas
from gateway.models import Quota

MILLION, BILLION = 10**6, 10**9
Unit = Quota.Unit


@dataclass(frozen=True)
class Told:
    sentence: str
    left: str
    percent: int  # used, of a hundred at most
    level: str  # as in accounts.charts
    remark: str


def told(quota: Quota) -> Told:
    percent = quotas.percent_used(quota)
    level = "ill" if percent >= 100 else "warned" if percent >= quota.warn_at else "well"
    return Told(sentence(quota), left(quota), min(percent, 100), level, remark(quota))


def sentence(quota: Quota) -> str:
    """“Team Fundraising: 2 million tokens a month, then refused”"""
    values = {"subject": quota.subject, "amount": amount(quota, quota.limit), "then": _then(quota)}
    if quota.unit == Unit.PARALLEL:
        return _("%(subject)s: %(amount)s, %(then)s") % values
    return _("%(subject)s: %(amount)s %(period)s, %(then)s") % (values | {"period": quota.get_period_display()})


def _then(quota: Quota) -> str:
    return _("then refused") if quota.is_hard else _("then a warning")


def amount(quota: Quota, value: int) -> str:
    """Large round numbers of tokens and requests in words."""
    number = _in_words(value)
    if not number or quota.unit not in (Unit.TOKENS, Unit.REQUESTS):
        return quota.amount(value)
    if quota.unit == Unit.TOKENS:
        return _("%(number)s tokens") % {"number": number}
    return _("%(number)s requests") % {"number": number}


def _in_words(value: int) -> str:
    """Empty where it takes more than one decimal."""
    unit = BILLION if value >= BILLION else MILLION
    if value < MILLION or value % (unit // 10):
        return ""
    decimals = 0 if value % unit == 0 else 1
    number = {"number": amounts.number(Decimal(value) / unit, decimals)}
    is_one = 1 if value == unit else 2
    if unit == BILLION:
        return ngettext("%(number)s billion", "%(number)s billion", is_one) % number
    return ngettext("%(number)s million", "%(number)s million", is_one) % number


def left(quota: Quota) -> str:
    if quota.unit == Unit.PARALLEL:
        return _("%(number)s under way") % {"number": amounts.number(quota.reserved)}
    rest = max(0, quota.limit - quotas.used_now(quota) - quota.reserved)
    if not rest:
        return _("nothing left")
    return _("%(amount)s left") % {"amount": amount(quota, rest)}


def remark(quota: Quota) -> str:
    """Where the limit lies below what is used already, what that means."""
    used = quotas.used_now(quota)
    if quota.unit == Unit.PARALLEL or quota.limit > used or not used:
        return ""
    values = {"used": amount(quota, used)}
    if not quota.is_hard:
        return _("%(used)s are used already, so it warns from now on. Nobody is refused.") % values
    anew = quotas.begins_anew(quota.period, timezone.now())
    if anew is None:
        return _("%(used)s are used already: every call is refused until it is topped up.") % values
    values["time"] = formats.date_format(timezone.localtime(anew), "SHORT_DATETIME_FORMAT")
    return _("%(used)s are used already: every call is refused until it begins anew on %(time)s.") % values
