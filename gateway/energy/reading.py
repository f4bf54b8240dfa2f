"""Asking a meter. Two kinds of figures: energy that is counted up, and power at this moment."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from gateway import outward
from gateway.energy.exposition import Figure, of_page, of_query
from gateway.exceptions import MeterUnreadable, UpstreamError
from gateway.models import PowerMeter

TIMEOUT = 5.0  # seconds
Source, Unit = PowerMeter.Source, PowerMeter.Unit
# by our own helper, then by NVIDIA's exporter; the first one that is there counts
KNOWN = {
    "voliere_gpu_energy_joules_total": Unit.JOULES,
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": Unit.MILLIJOULES,
    "DCGM_FI_DEV_POWER_USAGE": Unit.WATTS,
}
POWERS = {Unit.WATTS: 1.0, Unit.MILLIWATTS: 0.001}  # in watts
ENERGIES = {Unit.JOULES: 1.0, Unit.MILLIJOULES: 0.001, Unit.WATT_HOURS: 3600.0, Unit.KILOWATT_HOURS: 3_600_000.0}


@dataclass(frozen=True)
class Reading:
    """`values` in joules counted up, or in watts, by series; `of` says what was asked how."""

    at: float  # seconds since 1970
    of: str
    is_power: bool
    values: dict[str, float]


async def read(meter: PowerMeter) -> Reading:
    """Raises MeterUnreadable."""
    began = time.time()
    try:
        answer = await outward.ask("GET", _address(meter), authorization=meter.authorization, seconds=TIMEOUT)
    except UpstreamError as error:
        raise MeterUnreadable(_("The meter does not answer.")) from error
    if answer.status != 200:
        raise MeterUnreadable(_("The meter answers with status %(status)s.") % {"status": answer.status})
    return understood(meter, answer.raw, (began + time.time()) / 2)


def _address(meter: PowerMeter) -> str:
    if meter.source == Source.METRICS:
        return meter.address
    return f"{meter.address.rstrip('/')}/api/v1/query?{urlencode({'query': meter.metric})}"


def understood(meter: PowerMeter, raw: bytes, at: float) -> Reading:
    """Raises MeterUnreadable."""
    try:
        figures = list(of_page(raw) if meter.source == Source.METRICS else of_query(raw))
    except (ValueError, RecursionError) as error:
        raise MeterUnreadable(_("The answer is none of Prometheus.")) from error
    unit, found = _chosen(meter, figures)
    values = dict(_series(found, {each.strip() for each in meter.only.split(",")} - {""}))
    if not values:
        raise MeterUnreadable(_("The meter tells no power and no energy."))
    factor = (POWERS | ENERGIES)[unit]
    asked = "|".join([meter.source, meter.address, meter.metric, unit, meter.only])
    return Reading(at, asked, unit in POWERS, {series: value * factor for series, value in values.items()})


def _chosen(meter: PowerMeter, figures: list[Figure]) -> tuple[PowerMeter.Unit, list[Figure]]:
    if meter.source == Source.PROMQL:
        return Unit(meter.unit), figures
    names = {meter.metric: Unit(meter.unit)} if meter.metric else KNOWN
    for name, unit in names.items():
        if found := [figure for figure in figures if figure.name == name]:
            return unit, found
    return Unit.JOULES, []


def _series(figures: Iterable[Figure], only: set[str]) -> Iterator[tuple[str, float]]:
    """A GPU that is listed more than once, for each of its parts or users, is one."""
    for figure in figures:
        if figure.value >= 0 and (not only or only & set(figure.labels.values())):
            gpu = figure.labels.get("UUID") or figure.labels.get("uuid")
            yield gpu or ",".join(f"{name}={label}" for name, label in sorted(figure.labels.items())), figure.value
