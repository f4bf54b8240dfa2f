"""A month by server and team, and what it would have cost elsewhere: each figure is worked out beside it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import HouseRules, Membership, Team, User
from accounts.roles import Role
from gateway import partitions, pseudonyms, retention
from gateway.energy import reports, tables
from gateway.models import CallEnergy, Deployment, EnergyHour, EnergyRules, PowerMeter, Upstream, Usage, UsageTotal
from tests.conftest import client_of
from tests.gateway.scripted import Scripted
from tests.gateway.test_energy import BEGAN, call
from tests.gateway.test_exports import booked

START, END = datetime(2027, 2, 28, 23, tzinfo=UTC), datetime(2027, 3, 31, 22, tzinfo=UTC)  # March in Berlin
PAGE = "admin:gateway_energyhour_changelist"


@pytest.fixture
def nest(db: None) -> Upstream:
    nest = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1")
    PowerMeter.objects.create(upstream=nest, hour_price=Decimal("0.50"), month_price=20)
    return nest


@pytest.fixture
def wren(nest: Upstream) -> Deployment:
    return Deployment.objects.create(upstream=nest, name="wren", model="wren", api_input_price=2, api_output_price=6)


@pytest.fixture
def people(alice: User, bob: User, charlie: User) -> None:
    """Alice is in two teams, Bob in one of them, Charlie in none."""
    birds, bats = Team.objects.create(name="Birds"), Team.objects.create(name="Bats")
    for team, user in ((birds, alice), (bats, alice), (bats, bob)):
        Membership.objects.create(team=team, user=user)


def hour(upstream: Upstream, method: str, joules: float, idle: float, seconds: float = 3600, **more: object) -> None:
    EnergyHour.objects.create(
        start=more.pop("start", BEGAN), upstream_id=upstream.pk, upstream_name=upstream.name, method=method,
        joules=joules, idle_joules=idle, seconds=seconds, **more,
    )  # fmt: skip


def summed(deployment: Deployment, start: datetime, input_tokens: int, output_tokens: int) -> None:
    UsageTotal.objects.create(
        span="day", start=start, deployment=deployment, model=deployment.name, purpose="chat", calls=1,
        input_tokens=input_tokens, output_tokens=output_tokens,
    )  # fmt: skip


def measured(call_id: object, energy: int | None, is_final: bool = True) -> None:
    usage = Usage.objects.get(pk=call_id)
    CallEnergy.objects.create(pk=usage.pk, started_at=usage.started_at, energy=energy, is_final=is_final)


def test_a_server_is_told_by_method_with_what_was_idle(nest: Upstream) -> None:
    EnergyRules.objects.create(grid_grams=400, kwh_price=Decimal("0.30"))
    hour(nest, "measured", 7_200_000, 1_800_000, busy_seconds=1800)  # 2 kWh, 0.5 of them idle
    hour(nest, "stated", 3_600_000, 0, start=BEGAN + timedelta(hours=1))  # 1 kWh
    hour(nest, "measured", 1e9, 0, start=END)  # another month
    (server,) = reports.month(START, END).servers
    assert {method: round(energy) for method, energy in server.energy.items()} == {
        "measured": 2_000_000,
        "stated": 1_000_000,
    }
    assert round(server.idle_share or 0, 4) == Decimal("0.1667")  # 0.5 of 3 kWh
    assert round(server.grams or 0) == 1200  # 3 kWh at 400 g
    assert (server.hours, server.busy_hours) == (2, Decimal("0.5"))
    assert server.hosting_cost == 21_000_000  # 2 h at 0.50, and 20 for the month
    assert server.power_cost is None  # the price of its hours includes it


def test_power_is_paid_beside_a_price_by_month(nest: Upstream) -> None:
    EnergyRules.objects.create(kwh_price=Decimal("0.30"))
    PowerMeter.objects.update(hour_price=None)
    hour(nest, "measured", 7_200_000, 0)
    (server,) = reports.month(START, END).servers
    assert round(server.power_cost or 0) == 600_000  # 2 kWh
    assert server.grams is None  # nobody stated what its power emits


def test_teams_add_up_to_the_house(wren: Deployment, people: None, alice: User, bob: User, charlie: User) -> None:
    EnergyRules.objects.create(grid_grams=500)
    measured(call(wren, alice, 0, 10, stated=900), 600)
    measured(call(wren, alice, 0, 10, stated=200), None)  # the meter saw too little of it
    measured(call(wren, bob, 0, 10), 100)
    measured(call(wren, bob, 0, 10, stated=50), 70, is_final=False)
    call(wren, charlie, 0, 10)
    teams = {team.name: team for team in reports.month(START, END).teams}
    figures = {name: (team.calls, dict(team.energy), team.unknown_calls) for name, team in teams.items()}
    assert figures == {
        "Birds": (1, {"measured": 300, "stated": 100}, 0),  # half of what Alice did
        "Bats": (3, {"measured": 400, "stated": 150}, 0),
        "": (1, {"measured": 0, "stated": 0}, 1),
    }
    assert teams["Bats"].grams == Decimal("0.275")  # 550 mWh at 500 g/kWh
    assert [team.name for team in reports.month(START, END).teams][-1] == ""


def test_an_api_is_compared_by_the_tokens_used(nest: Upstream, wren: Deployment) -> None:
    hour(nest, "none", 0, 0)
    other = Deployment.objects.create(upstream=nest, name="owl", model="owl")
    summed(wren, BEGAN, 1_000_000, 500_000)
    summed(other, BEGAN, 70, 7)
    summed(wren, END, 1, 1)  # another month
    found = reports.compared(reports.month(START, END))
    assert found
    assert found.own == 20_500_000  # an hour at 0.50, and 20
    assert found.api == 5_000_000  # a million in at 2, half a million out at 6
    assert (found.tokens, found.unpriced_tokens) == (1_500_000, 77)
    assert found.tokens_to_break_even == 6_150_000  # 20.50 / 5 of 1.5 million


def test_nothing_is_compared_while_nobody_said_what_the_servers_cost(nest: Upstream) -> None:
    PowerMeter.objects.update(hour_price=None, month_price=None)
    hour(nest, "measured", 7_200_000, 0)
    assert reports.compared(reports.month(START, END)) is None


MAY, JUNE = datetime(2024, 4, 30, 22, tzinfo=UTC), datetime(2024, 5, 31, 22, tzinfo=UTC)  # in Berlin


def test_what_is_let_go_is_said_and_the_comparison_stays(wren: Deployment, alice: User, settings: Settings) -> None:
    settings.USAGE_RETENTION_MONTHS = 1
    hour(wren.upstream, "none", 0, 0, start=MAY)
    booked(wren, alice, MAY + timedelta(days=9), tokens=1_000_000)
    before = reports.month(MAY, JUNE)
    assert not before.calls_let_go and tables.of_teams(before).is_whole
    partitions.prepare()
    retention.apply()
    after = reports.month(MAY, JUNE)
    assert reports.compared(after) == reports.compared(before) and after.teams == []
    assert "1 call of this month is no longer kept" in tables.of_teams(after).note
    assert "Nothing in this month." not in page(panel_of(Role.ADMIN), month="2024-05")


def test_who_is_forgotten_is_of_no_team_and_that_is_said(wren: Deployment, people: None, alice: User) -> None:
    HouseRules(works_council=True).save()
    booked(wren, alice, MAY + timedelta(days=9))
    pseudonyms.apply()
    [others] = (found := reports.month(MAY, JUNE)).teams
    assert (others.calls, found.calls_let_go) == (1, 0)
    said = "Who called before 10 Jun 2024 is no longer known, so these calls are of no team."  # a month in one run
    assert said in tables.of_teams(found).note
    assert "no longer" not in tables.of_teams(reports.month(START, END)).note


# --- the page ----------------------------------------------------------------------------------------------------


def panel_of(role: Role) -> Client:
    user = User.objects.create_user(f"{role}@example.org")
    user.role = role
    user.save()
    return client_of(user)


def page(client: Client, **query: str) -> str:
    return client.get(reverse(PAGE), {"month": "2026-01", **query}).content.decode()


@pytest.fixture
def january(nest: Upstream, wren: Deployment, people: None, bob: User) -> None:
    EnergyRules.objects.create(grid_grams=400)
    then = datetime(2026, 1, 5, tzinfo=UTC)
    hour(nest, "measured", 7_200_000, 1_800_000, start=then)
    met = call(wren, bob, 0, 10)
    Usage.objects.filter(pk=met).update(started_at=then, input_tokens=1_000_000, output_tokens=0)
    summed(wren, then, 1_000_000, 0)
    measured(met, 1_500_000)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
def test_the_page_tells_servers_teams_and_the_price_elsewhere_and_no_person(january: None, role: Role) -> None:
    text = page(panel_of(role))
    for said in ("2.0 kWh measured", "25 %", "800 g", "Bats", "1.5 kWh measured", "600 g"):
        assert said in text, said
    # an hour at 0.50 and 20 a month; a million tokens at 2
    assert "Own servers cost 20.50 EUR this month; an API would have cost 2.00 EUR for the same 1.0 million" in text
    assert "from 10.2 million tokens a month on" in text  # 20.50 / 2
    assert "bob@" not in text and "Bob" not in text


@pytest.mark.parametrize("what", ["servers", "teams"])
def test_it_is_downloaded_by_the_auditor_too(january: None, what: str) -> None:
    answer = panel_of(Role.AUDITOR).get(reverse("admin:gateway_energyhour_export", args=[what]), {"month": "2026-01"})
    head, row, *_rest = answer.content.decode("utf-8-sig").splitlines()
    found = dict(zip(head.split(","), row.split(","), strict=True))
    assert found["energy_measured_wh"] == {"servers": "2000.000", "teams": "1500.000"}[what]
    assert found["co2_g"] == {"servers": "800.000", "teams": "600.000"}[what]


def test_an_empty_month_has_a_head_and_no_rows(nest: Upstream) -> None:
    client = panel_of(Role.ADMIN)
    answer = client.get(reverse("admin:gateway_energyhour_export", args=["teams"]), {"month": "2026-01"})
    assert answer.content.decode("utf-8-sig").strip().startswith("team,calls")
    assert "Nothing in this month." in page(client)


@pytest.mark.parametrize("month", ["", "2026", "2026-13", "9999-12", "0001-01", "x" * 5000, "2026-01-01' OR 1=1"])
def test_what_is_no_month_is_this_one(nest: Upstream, month: str) -> None:
    assert panel_of(Role.ADMIN).get(reverse(PAGE), {"month": month}).status_code == 200


def test_a_member_sees_neither(january: None, bobs_client: Client) -> None:
    for url in (reverse(PAGE), reverse("admin:gateway_energyhour_export", args=["teams"])):
        assert bobs_client.get(url).status_code == 302


# --- the meter in the panel --------------------------------------------------------------------------------------


def upstream_page(upstream: Upstream) -> str:
    return reverse("admin:gateway_upstream_change", args=[upstream.pk])


def form_of(client: Client, upstream: Upstream) -> dict[str, str]:
    """What a browser would send of the page as it stands."""
    form = client.get(upstream_page(upstream)).context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    for inline in client.get(upstream_page(upstream)).context["inline_admin_formsets"]:
        formset = inline.formset
        data |= {f"{formset.prefix}-{name}": value for name, value in formset.management_form.initial.items()}
        for row in formset.forms:
            shown = [name for name in row.fields if row.fields[name].widget.attrs.get("autocomplete") != "new-password"]
            data |= {row.add_prefix(name): row[name].value() for name in shown}
    return {name: str(value) for name, value in data.items() if value is not None and value is not False}


def test_a_meters_header_goes_in_and_never_comes_out(nest: Upstream) -> None:
    meter = nest.power_meter
    client = panel_of(Role.ADMIN)
    entered = {"power_meter-0-source": "metrics", "power_meter-0-address": "http://127.0.0.1:9/metrics",
               "power_meter-0-authorization": "Bearer geheim"}  # fmt: skip
    answer = client.post(upstream_page(nest), form_of(client, nest) | entered)
    assert answer.status_code == 302, answer.context["errors"]
    meter.refresh_from_db()
    assert (meter.source, meter.authorization) == ("metrics", "Bearer geheim")
    for role in (Role.ADMIN, Role.AUDITOR):
        reader = client if role == Role.ADMIN else panel_of(role)
        text = reader.get(upstream_page(nest)).content.decode()
        assert "127.0.0.1:9/metrics" in text and "geheim" not in text
    client.post(upstream_page(nest), form_of(client, nest))
    meter.refresh_from_db()
    assert meter.authorization == "Bearer geheim"
    client.post(upstream_page(nest), form_of(client, nest) | {"power_meter-0-address": "http://127.0.0.1:8/"})
    meter.refresh_from_db()
    assert meter.authorization == ""  # a new address does not get the old secret


@pytest.mark.parametrize(
    "entered",
    [{"source": "metrics"}, {"source": "promql", "address": "http://p:9090"}, {"address": "file:///etc/passwd"},
     {"source": "metrics", "address": "http://p/m", "metric": "x"}, {"idle_watts": "-1"}, {"hour_price": "NaN"},
     {"unit": "furlongs"}],
)  # fmt: skip
def test_nonsense_is_refused(nest: Upstream, entered: dict[str, str]) -> None:
    client = panel_of(Role.ADMIN)
    data = form_of(client, nest) | {f"power_meter-0-{name}": value for name, value in entered.items()}
    answer = client.post(upstream_page(nest), data)
    assert answer.status_code == 200 and "error" in answer.content.decode()


def test_a_form_that_was_open_leaves_what_was_read_meanwhile(nest: Upstream) -> None:
    stale = PowerMeter.objects.get(upstream=nest)
    PowerMeter.objects.update(readings={"at": 1}, read_at=BEGAN)
    stale.save()
    assert PowerMeter.objects.get(upstream=nest).read_at == BEGAN


@pytest.mark.django_db(transaction=True)
def test_the_meter_is_tried_out_as_just_entered(nest: Upstream) -> None:
    with Scripted() as page:
        page.page = b'voliere_gpu_energy_joules_total{uuid="GPU-7"} 1234.4\n'
        client = panel_of(Role.ADMIN)
        entered = {"power_meter-0-source": "metrics", "power_meter-0-address": f"{page.url}/metrics"}
        data = form_of(client, nest) | entered | {"gateway_upstream_read_meter": "on"}
        assert "The meter tells: GPU-7: 1,234 J" in client.post(upstream_page(nest), data, follow=True).content.decode()
        page.status = 500
        again = form_of(client, nest) | {"gateway_upstream_read_meter": "on"}
        told = client.post(upstream_page(nest), again, follow=True)
        assert "status 500" in told.content.decode()
        assert told.redirect_chain[-1][0] == upstream_page(nest)  # one stays where one tried
