"""Quotas as a table. A row is for one subject, unit and period; what is not in the file stays as it is."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.audit import Kind
from accounts.models import Team, User
from accounts.spreadsheets import Row
from accounts.table_plans import Impossible, Line, Plan, lines
from gateway.amounts import MILLIONTHS, MILLIWATT_HOURS
from gateway.models import ApiKey, Deployment, Quota
from gateway.quota_sentences import sentence

Unit, Period = Quota.Unit, Quota.Period
FACTORS = {Unit.COST: MILLIONTHS, Unit.ENERGY: MILLIWATT_HOURS}
LARGEST = 2**63 - 1
NUMBER = re.compile(r"\d{1,19}(?:[.,]\d{1,6})?")
THOUSANDS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")  # two thousand to some, and two to others
TRUTH = {"yes": True, "ja": True, "1": True, "true": True, "wahr": True}
TRUTH |= {"no": False, "nein": False, "0": False, "false": False, "falsch": False}
SUBJECTS = ("user", "team", "key", "model", "instance")
Subject = tuple[str, Any]  # the column of the quota, and the row that it names
Key = tuple[Any, ...]


class QuotaTable:
    columns = {
        "for": gettext_lazy("user, team, key, model or instance"),
        "name": gettext_lazy("email of a user, name of a team or model, beginning of a key; empty for the instance"),
        "unit": gettext_lazy("requests, tokens, cost, energy or parallel"),
        "limit": gettext_lazy("without thousands separators; money with decimals, energy in watt hours"),
        "period": gettext_lazy("minute, hour, day, month or total"),
        "refuses": gettext_lazy("yes, or no where it only warns"),
        "warn_at": gettext_lazy("percent from which on it warns; empty: 80"),
    }
    required = ("for", "name", "unit", "limit", "period")

    def rows(self, decimal: str) -> Iterator[list[str]]:
        for quota in _all():
            amount = Decimal(quota.limit) / FACTORS.get(Unit(quota.unit), 1)
            limit = _unmistakable(f"{amount.normalize():f}").replace(".", decimal)
            refuses = "yes" if quota.is_hard else "no"
            yield [*_name(quota), quota.unit, limit, quota.period, refuses, str(quota.warn_at)]

    def plan(self, rows: Sequence[Row]) -> Plan:
        reader = _Reader()
        twice = _("is about the same quota as row %(line)s")
        return Plan(list(lines(rows, _key, reader.line, twice)))


def _unmistakable(limit: str) -> str:
    return f"{limit}0" if THOUSANDS.fullmatch(limit) else limit


def _all() -> Any:
    return Quota.objects.select_related("user", "team", "api_key", "deployment__upstream").order_by("id")


def _name(quota: Quota) -> tuple[str, str]:
    if quota.user:
        return "user", quota.user.email
    if quota.team:
        return "team", quota.team.name
    if quota.api_key:
        return "key", quota.api_key.prefix
    if quota.deployment:
        return "model", f"{quota.deployment.name} @ {quota.deployment.upstream.name}"
    return "instance", ""


def _key(row: Row) -> str:
    return " ".join(row.cells.get(name, "") for name in ("for", "name", "unit", "period")).lower()


class _Reader:
    """With all that a row may name, looked up once."""

    def __init__(self) -> None:
        self.planned: dict[Key, int] = {}  # with the row that does
        self.quotas: dict[Key, list[Quota]] = defaultdict(list)
        for quota in _all():
            ids = (quota.user_id, quota.team_id, quota.api_key_id, quota.deployment_id)
            self.quotas[(*ids, quota.unit, quota.period)].append(quota)
        self.subjects: dict[str, dict[str, list[Any]]] = {kind: defaultdict(list) for kind in SUBJECTS}
        self._know("user", User.objects.all(), lambda user: [user.email.lower()])
        self._know("team", Team.objects.all(), lambda team: [team.name.lower()])
        self._know("key", ApiKey.objects.all(), lambda key: [key.prefix.lower()])
        deployments = Deployment.objects.select_related("upstream")
        self._know(
            "model", deployments, lambda each: [each.name.lower(), f"{each.name} @ {each.upstream.name}".lower()]
        )

    def _know(self, kind: str, rows: Any, names: Callable[[Any], list[str]]) -> None:
        for row in rows:
            for name in names(row):
                self.subjects[kind][name].append(row)

    def line(self, row: Row) -> Line:
        unit, period = _one_of(row, "unit", Unit), _one_of(row, "period", Period)
        values = {
            "limit": _limit(row.cells["limit"], Unit(unit)),
            "is_hard": _truth(row.cells.get("refuses", "")),
            "warn_at": _percent(row.cells.get("warn_at", "")),
        }
        column, subject = self._subject(row)
        return self._planned(row.line, {column: subject} if column else {}, unit, period, values)

    def _subject(self, row: Row) -> Subject:
        kind, name = row.cells["for"].lower(), row.cells["name"]
        if kind not in SUBJECTS:
            raise Impossible(_("is for nothing that has quotas: %(text)s") % {"text": row.cells["for"]})
        if kind == "instance":
            return "", None
        found = self.subjects[kind].get(name.lower(), [])
        if not found:
            raise Impossible(_("names somebody or something that is not there: %(name)s") % {"name": name})
        if len(found) > 1:
            raise Impossible(_("names several at once; write: model @ server"))
        return {"key": "api_key", "model": "deployment"}.get(kind, kind), found[0]

    def _planned(self, number: int, subject: dict[str, Any], unit: str, period: str, values: dict[str, Any]) -> Line:
        ids = tuple(getattr(subject.get(name), "pk", None) for name in ("user", "team", "api_key", "deployment"))
        key = (*ids, unit, period)
        if (before := self.planned.setdefault(key, number)) != number:
            raise Impossible(_("is about the same quota as row %(line)s") % {"line": before})
        there = self.quotas.get(key, [])
        wanted = Quota(**subject, unit=unit, period=period, **_given(values))
        if len(there) > 1:
            raise Impossible(_("is there several times: change it by hand"))
        if not there:
            text = _("new: %(quota)s") % {"quota": sentence(wanted)}
            return Line(number, wanted.subject, text, do=lambda by: _create(wanted))
        [quota] = there
        changed = {name: value for name, value in _given(values).items() if getattr(quota, name) != value}
        if not changed:
            return Line(number, quota.subject)
        after = Quota(**subject, unit=unit, period=period,
                      **{name: changed.get(name, getattr(quota, name)) for name in values})  # fmt: skip
        text = f"{sentence(quota)} → {sentence(after)}"
        return Line(number, quota.subject, text, do=lambda by: _change(quota, changed))


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _create(quota: Quota) -> None:
    quota.save()
    audit.record(Kind.SETTING_ADDED, quota)


def _change(quota: Quota, values: dict[str, Any]) -> None:
    """Only these columns: calls count meanwhile."""
    Quota.objects.filter(pk=quota.pk).update(**values)
    audit.record(Kind.SETTING_CHANGED, quota, detail=", ".join(sorted(values)))


def _one_of(row: Row, column: str, choices: Any) -> str:
    text = row.cells[column].lower()
    found = {name.lower(): value for value, label in choices.choices for name in (value, str(label))}.get(text)
    if found is None:
        values = {"column": column, "text": row.cells[column], "known": ", ".join(choices.values)}
        raise Impossible(_("has “%(text)s” as %(column)s; possible are: %(known)s") % values)
    return str(found)


def _limit(text: str, unit: Quota.Unit) -> int:
    if THOUSANDS.fullmatch(text):
        raise Impossible(
            _("has a limit that can be read in two ways, %(text)s: leave out the separator") % {"text": text}
        )
    if not NUMBER.fullmatch(text):
        raise Impossible(_("has a limit that is no number: %(text)s") % {"text": text})
    counted = Decimal(text.replace(",", ".")) * FACTORS.get(unit, 1)
    if counted != counted.to_integral() or counted > LARGEST:
        raise Impossible(_("has a limit that cannot be counted: %(text)s") % {"text": text})
    return int(counted)


def _truth(text: str) -> bool | None:
    if text and text.lower() not in TRUTH:
        raise Impossible(_("says neither yes nor no: %(text)s") % {"text": text})
    return TRUTH.get(text.lower())


def _percent(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and 1 <= int(text[:4]) <= 100):
        raise Impossible(_("warns at no number from 1 to 100: %(text)s") % {"text": text})
    return int(text) if text else None
