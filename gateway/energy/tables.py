"""A month's report as people read it, and as spreadsheets do."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gateway import amounts
from gateway.energy.reports import Comparison, Figures, Month
from gateway.models import Method

NOTHING = "–"


class Table(NamedTuple):
    name: str  # as in the address of its download
    title: str
    note: str
    columns: list[str]
    rows: list[list[list[str]]]  # cells of one or more lines
    is_whole: bool = True

    @property
    def labelled(self) -> list[list[tuple[str, list[str]]]]:
        """The rows with the name of each cell's column, for a screen that has no room for a head."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


def of_servers(month: Month) -> Table:
    columns = [
        _("Server"),
        _("hours on"),
        _("answering"),
        _("energy"),
        _("idle"),
        "CO₂",
        _("cost of power"),
        _("cost of server"),
    ]
    note = _("Idle is what a server draws while it answers nobody: it is charged to no call.")
    return Table("servers", _("By server"), note, columns, [_lines(_server(server)) for server in month.servers])


def _lines(cells: list[str | list[str]]) -> list[list[str]]:
    return [[cell] if isinstance(cell, str) else cell for cell in cells]


def _server(server: Figures) -> list[str | list[str]]:
    return [
        server.name,
        _hours(server.hours),
        _hours(server.busy_hours),
        _energy(server),
        NOTHING if server.idle_share is None else f"{_number(server.idle_share * 100)} %",
        _grams(server),
        _money(server.power_cost),
        _money(server.hosting_cost),
    ]


def of_teams(month: Month) -> Table:
    columns = [_("Team"), _("calls"), _("tokens in"), _("tokens out"), _("energy"), "CO₂", _("charged"), _("at an API")]
    rows = [_lines(_team(team)) for team in month.teams]
    return Table("teams", _("By team"), " ".join(_note(month)), columns, rows, is_whole=not month.calls_let_go)


def _note(month: Month) -> Iterator[str]:
    yield _("By the teams of today. Who is in several counts in each with an equal part.")
    if calls := month.calls_let_go:
        text = ngettext(
            "%(calls)s call of this month is no longer kept, only sums are: it is missing in this table.",
            "%(calls)s calls of this month are no longer kept, only sums are: they are missing in this table.",
            calls,
        )
        yield text % {"calls": amounts.number(calls)}
    if month.named_since and month.start < month.named_since:
        day = date_format(timezone.localtime(month.named_since), "SHORT_DATE_FORMAT")
        yield _("Who called before %(day)s is no longer known, so these calls are of no team.") % {"day": day}


def _team(team: Figures) -> list[str | list[str]]:
    return [
        team.name or _("in no team"),
        amounts.number(round(team.calls)),
        amounts.number(round(team.input_tokens)),
        amounts.number(round(team.output_tokens)),
        _energy(team),
        _grams(team),
        _money(team.cost),
        _money(team.api_cost) if team.api_cost else NOTHING,
    ]


def _energy(figures: Figures) -> list[str]:
    """Each part with the way it came about."""
    labels = {Method.MEASURED: _("%(energy)s measured"), Method.STATED: _("%(energy)s stated")}
    found = [
        label % {"energy": _watt_hours(figures.energy[method])}
        for method, label in labels.items()
        if figures.energy.get(method)
    ]
    if figures.unknown_calls >= Decimal("0.5"):
        calls = round(figures.unknown_calls)
        text = ngettext("not known of %(calls)s call", "not known of %(calls)s calls", calls)
        found.append(text % {"calls": amounts.number(calls)})
    return found or [NOTHING]


def _watt_hours(energy: Decimal) -> str:
    """These are sums: three digits are enough."""
    watt_hours = energy / amounts.MILLIWATT_HOURS
    if watt_hours >= 1000:
        return f"{_number(watt_hours / 1000, 1)} kWh"
    return f"{_number(watt_hours, 0 if watt_hours >= 10 else 1)} Wh"


def _grams(figures: Figures) -> str:
    if figures.grams is None or not figures.consumed:
        return NOTHING
    if figures.grams >= 1000:
        return f"{_number(figures.grams / 1000, 1)} kg"
    return f"{_number(figures.grams)} g"


def _money(millionths: Decimal | None) -> str:
    """To the cent: these are sums."""
    return NOTHING if millionths is None else amounts.money(round(millionths / 10_000) * 10_000)


def _number(value: Decimal, decimals: int = 0) -> str:
    return amounts.number(round(value, decimals), decimals)


def _hours(hours: Decimal) -> str:
    return f"{_number(hours, 1)} h"


def in_words(found: Comparison | None) -> list[str]:
    """What it would have cost elsewhere, and from when on own servers pay."""
    if found is None:
        return [_("What an API would have cost is told once the price of a server is entered at “Upstreams”.")]
    tokens, own, api = _millions(found.tokens), _money(found.own), _money(found.api)
    if found.tokens_to_break_even is None:
        said = [_("Own servers cost %(own)s this month.") % {"own": own}]
    else:
        values = {"tokens": tokens, "own": own, "api": api, "even": _millions(found.tokens_to_break_even)}
        text = (
            _("Own servers cost %(own)s this month; an API would have cost %(api)s for the same %(tokens)s tokens. "
              "Own servers are the cheaper ones from %(even)s tokens a month on.")
        )  # fmt: skip
        said = [text % values]
    if found.unpriced_tokens:
        text = _("Left out are %(tokens)s tokens of models without a price at an API: it is entered at “Deployments”.")
        said.append(text % {"tokens": _millions(found.unpriced_tokens)})
    return said


def _millions(tokens: Decimal) -> str:
    if tokens >= 1_000_000:
        millions = round(tokens / 1_000_000, 1)
        text = ngettext("%(number)s million", "%(number)s million", 1 if millions == 1 else 2)
        return text % {"number": _number(millions, 1)}
    return amounts.number(round(tokens))


def for_machines(month: Month, is_of_servers: bool) -> list[list[Any]]:
    """Names that scripts rely on; watt hours, grams and units of the currency."""
    shown = _server_cells if is_of_servers else _team_cells
    rows = [shown(figures) for figures in (month.servers if is_of_servers else month.teams)]
    return [list(rows[0]) if rows else list(shown(Figures(""))), *([*row.values()] for row in rows)]


def _server_cells(server: Figures) -> dict[str, Any]:
    own = {
        "server": server.name,
        "hours_on": round(server.hours, 3),
        "hours_answering": round(server.busy_hours, 3),
        "idle_wh": round(server.idle / 1000, 3),
        "power_cost": _units(server.power_cost),
        "server_cost": _units(server.hosting_cost),
    }
    return own | _energy_cells(server)


def _team_cells(team: Figures) -> dict[str, Any]:
    own = {
        "team": team.name,
        "calls": round(team.calls, 2),
        "input_tokens": round(team.input_tokens),
        "output_tokens": round(team.output_tokens),
        "calls_without_energy": round(team.unknown_calls, 2),
        "cost": _units(team.cost),
        "api_cost": _units(team.api_cost),
        "tokens_without_api_price": round(team.unpriced_tokens),
    }
    return own | _energy_cells(team)


def _energy_cells(figures: Figures) -> dict[str, Any]:
    return {
        "energy_measured_wh": round(figures.energy.get(Method.MEASURED, Decimal(0)) / 1000, 3),
        "energy_stated_wh": round(figures.energy.get(Method.STATED, Decimal(0)) / 1000, 3),
        "co2_g": None if figures.grams is None else round(figures.grams, 3),
    }


def _units(millionths: Decimal | None) -> Decimal | None:
    return None if millionths is None else round(millionths / amounts.MILLIONTHS, 4)
