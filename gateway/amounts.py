"""Money and energy as people read and enter them; the ledger counts millionths of the currency and milliwatt hours."""

from decimal import Decimal

from django.conf import settings
from django.utils.formats import number_format

MILLIONTHS = 1_000_000
MILLIWATT_HOURS = 1_000  # in a watt hour


def number(value: int | Decimal, decimals: int | None = None) -> str:
    return str(number_format(value, decimals, force_grouping=True))


def money(millionths: int) -> str:
    """With two decimals, or as many as it takes: a call costs fractions of a cent."""
    value = (Decimal(millionths) / MILLIONTHS).normalize()
    decimals = max(2, -int(value.as_tuple().exponent))
    return f"{number(value, decimals)} {settings.CURRENCY}"


def energy(milliwatt_hours: int) -> str:
    if milliwatt_hours >= 1000 * MILLIWATT_HOURS:
        return f"{number(_plain(Decimal(milliwatt_hours) / MILLIWATT_HOURS / 1000))} kWh"
    return f"{number(_plain(Decimal(milliwatt_hours) / MILLIWATT_HOURS))} Wh"


def _plain(value: Decimal) -> Decimal:
    """Three decimals at most and no trailing zeros."""
    short = round(value, 3).normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral() else short
