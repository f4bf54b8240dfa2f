"""What the models consume, checked by hand: each figure here is worked out in the comment beside it."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django import Settings

from accounts.models import Membership, Team, User
from gateway import retention
from gateway.energy import reading, sampling
from gateway.energy.exposition import of_page, of_query
from gateway.energy.sharing import Span, shared
from gateway.energy.windows import Window
from gateway.models import CallEnergy, Deployment, EnergyHour, PowerMeter, Quota, Upstream, Usage
from tests.gateway.scripted import Scripted

BEGAN = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
T = BEGAN.timestamp()
JOULES = 'voliere_gpu_energy_joules_total{gpu="GPU-1",name="L4",by="counter"} '


@pytest.fixture
def nest(db: None) -> Upstream:
    return Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1")


@pytest.fixture
def wren(nest: Upstream) -> Deployment:
    return Deployment.objects.create(upstream=nest, name="wren", model="wren")


@pytest.fixture
def page() -> Iterator[Scripted]:
    with Scripted() as server:
        yield server


@pytest.fixture
def meter(nest: Upstream, page: Scripted) -> PowerMeter:
    return PowerMeter.objects.create(upstream=nest, source="metrics", address=f"{page.url}/metrics", idle_watts=50)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=T)
    clock.time = lambda: clock.now
    for module in (reading, sampling):
        monkeypatch.setattr(module, "time", clock)
    return clock


class Rounds:
    """The meter's page at so many seconds after the beginning, and the round that reads it."""

    def __init__(self, clock: SimpleNamespace, page: Scripted) -> None:
        self.clock, self.page = clock, page

    def __call__(self, after: float, text: str, status: int = 200) -> None:
        self.clock.now, self.page.status, self.page.page = T + after, status, text.encode()
        sampling.sample_all()


@pytest.fixture
def at(clock: SimpleNamespace, page: Scripted, meter: PowerMeter) -> Rounds:
    return Rounds(clock, page)


def call(
    deployment: Deployment, user: User, begins: float, ends: float, queued: float = 0, stated: int | None = None
) -> uuid.UUID:
    return Usage.objects.create(
        id=uuid.uuid4(), user=user, deployment=deployment, model=deployment.name, purpose="chat", status="done",
        input_tokens=1, output_tokens=1, started_at=BEGAN + timedelta(seconds=begins - queued), energy=stated,
        queued_ms=round(queued * 1000), duration_ms=round((ends - begins + queued) * 1000),
    ).pk  # fmt: skip


def joules(call_id: uuid.UUID) -> float:
    return round(CallEnergy.objects.get(pk=call_id).joules, 3)


def hours() -> dict[str, tuple[float, float, float, float]]:
    return {
        hour.method: (round(hour.joules), round(hour.idle_joules), round(hour.seconds), round(hour.busy_seconds))
        for hour in EnergyHour.objects.all()
    }


# --- sharing -----------------------------------------------------------------------------------------------------


def test_who_is_answered_at_the_same_time_shares_and_idle_is_nobodys() -> None:
    a, b = uuid.uuid4(), uuid.uuid4()
    found = shared(Window(0, 15, 3000), [Span(a, 2, 10), Span(b, 6, 12)], idle_watts=50)
    # busy from 2 to 12, hence 5 s idle at 50 W: 250 J; the other 2750 J in 10 s are 275 W
    assert (found.idle_joules, found.busy_seconds) == (250, 10)
    # a: 4 s alone and 4 s with b count 6 s; b: 4 s with a and 2 s alone count 4 s
    assert found.of_calls[a].joules == 6 * 275
    assert found.of_calls[b].joules == 4 * 275
    assert 250 + 6 * 275 + 4 * 275 == 3000


def test_without_a_power_when_idle_time_alone_counts() -> None:
    a = uuid.uuid4()
    found = shared(Window(0, 15, 3000), [Span(a, -60, 10)], idle_watts=None)
    assert (found.of_calls[a].joules, found.idle_joules) == (2000, 1000)  # 10 and 5 of 15 s, 200 W each


def test_a_power_when_idle_that_is_too_high_leaves_the_calls_their_time() -> None:
    a = uuid.uuid4()
    found = shared(Window(0, 15, 3000), [Span(a, 0, 10)], idle_watts=5000)
    assert (found.of_calls[a].joules, found.idle_joules) == (2000, 1000)


def test_nobody_is_charged_for_a_window_without_calls() -> None:
    found = shared(Window(0, 15, 3000), [Span(uuid.uuid4(), 15, 20)], idle_watts=50)
    assert (dict(found.of_calls), found.idle_joules) == ({}, 3000)


# --- from the page to the books ----------------------------------------------------------------------------------


def test_calls_get_what_was_measured_while_they_were_answered(
    at: Rounds, wren: Deployment, alice: User, bob: User
) -> None:
    at(0, JOULES + "1000")
    alices, bobs = call(wren, alice, 2, 10), call(wren, bob, 6, 12, queued=3)
    at(15, JOULES + "4000")
    assert (joules(alices), joules(bobs)) == (1650, 1100)  # as worked out above
    assert hours() == {"measured": (3000, 250, 15, 10)}
    found = CallEnergy.objects.get(pk=alices)
    assert (found.energy, found.is_final, found.is_shared) == (458, True, True)  # 1650 J / 3.6 = 458.3 mWh


def test_a_call_over_several_rounds_gets_its_part_of_each(at: Rounds, wren: Deployment, alice: User) -> None:
    at(0, JOULES + "0")
    long = call(wren, alice, 5, 25)
    at(15, JOULES + "2750")  # 5 s idle at 50 W, and 2500 J in 10 s
    assert not CallEnergy.objects.get(pk=long).is_final  # in this test it stands in the ledger before its time
    at(30, JOULES + "5000")  # 5 s idle, and 2000 J in 10 s
    assert (joules(long), CallEnergy.objects.get(pk=long).energy) == (4500, 1250)


def test_the_power_when_idle_is_learned_from_times_without_calls(at: Rounds, wren: Deployment, alice: User) -> None:
    at(0, JOULES + "0")
    at(10, JOULES + "200")  # 20 W
    lone = call(wren, alice, 10, 15)
    at(20, JOULES + "1300")  # 5 s at 20 W are idle, 1000 of 1100 J the call's
    assert joules(lone) == 1000


def test_the_exporter_counts_millijoules_and_a_gpu_twice_listed_is_one(
    at: Rounds, wren: Deployment, alice: User
) -> None:
    line = 'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0",UUID="GPU-1",pod="%s"} %s\n'
    at(0, line % ("a", 1_000_000) + line % ("b", 1_000_000))
    lone = call(wren, alice, 0, 10)
    at(10, line % ("a", 3_000_000) + line % ("b", 3_000_000))
    assert joules(lone) == 2000


def test_power_is_reckoned_over_time_and_not_over_a_gap(at: Rounds, wren: Deployment, alice: User) -> None:
    line = 'DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-1"} '
    at(0, line + "100")
    lone = call(wren, alice, 0, 10)
    at(10, line + "300")  # 200 W on average
    at(90, line + "300")  # nobody knows what it drew in between
    assert joules(lone) == 2000
    assert hours() == {"measured": (2000, 0, 10, 10), "none": (0, 0, 80, 0)}


def test_only_the_gpus_named_count(at: Rounds, meter: PowerMeter) -> None:
    PowerMeter.objects.update(only="GPU-2, GPU-9")
    other = JOULES.replace("GPU-1", "GPU-2")
    at(0, f"{JOULES}0\n{other}0\n")
    at(10, f"{JOULES}9000\n{other}100\n")
    assert hours() == {"measured": (100, 100, 10, 0)}


def test_prometheus_is_asked_and_its_word_taken(at: Rounds, meter: PowerMeter, page: Scripted) -> None:
    PowerMeter.objects.update(
        source="promql", address=page.url, metric='sum(plug_energy{room="a b"})', unit="kWh", authorization="Bearer x"
    )

    def answer(value: object) -> str:
        rows = [{"metric": {}, "value": [T, value]}]
        return json.dumps({"status": "success", "data": {"resultType": "vector", "result": rows}})

    at(0, answer("1.000"))
    at(10, answer("1.001"))  # a watt hour: 3600 J
    assert hours() == {"measured": (3600, 3600, 10, 0)}
    _method, path, headers, _body = page.asked[0]
    assert urlsplit(path).path == "/api/v1/query"
    assert parse_qs(urlsplit(path).query) == {"query": ['sum(plug_energy{room="a b"})']}
    assert headers["authorization"] == "Bearer x"


# --- bad meters --------------------------------------------------------------------------------------------------

BAD = {
    "it began anew": JOULES + "500",
    "a GPU has gone": 'voliere_gpu_energy_joules_total{gpu="GPU-2"} 9000',
    "a GPU has come": f'{JOULES}2000\nvoliere_gpu_energy_joules_total{{gpu="GPU-2"}} 9000',
    "no number": JOULES + "NaN",
    "endless": JOULES + "+Inf",
    "negative": JOULES + "-5",
    "huge": JOULES + "1e300",
    "a thousandfold": JOULES + "2001000",
    "another metric": 'DCGM_FI_DEV_POWER_USAGE{UUID="GPU-1"} 120',
    "a web page": "<!doctype html><h1>Sign in</h1>",
    "nothing": "",
    "no text": "\udcff\udc00".encode("utf-8", "surrogatepass").decode("latin-1"),
    "too large": "x" * 5_000_000,
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_reading_gives_no_figure_and_the_next_good_one_does(
    at: Rounds, wren: Deployment, alice: User, bad: str
) -> None:
    at(0, JOULES + "1000")
    met = call(wren, alice, 2, 10)
    at(15, bad)
    assert not CallEnergy.objects.exists()
    at(20, JOULES + "3000")  # where the meter said nothing at all, its counter tells of the whole time
    at(30, JOULES + "3500")
    measured = EnergyHour.objects.get(method="measured")
    is_whole = CallEnergy.objects.filter(pk=met, energy__isnull=False).exists()
    assert (measured.joules, round(measured.seconds)) in ([(2500, 30)] if is_whole else [(500, 10), (3000, 15)])


@pytest.mark.parametrize("status", [302, 401, 404, 500, 503])
def test_a_meter_that_refuses_is_waited_for_as_its_counter_goes_on(
    at: Rounds, wren: Deployment, alice: User, meter: PowerMeter, status: int
) -> None:
    at(0, JOULES + "1000")
    met = call(wren, alice, 2, 10)
    at(15, JOULES + "3000", status)
    meter.refresh_from_db()
    assert str(status) in meter.problem and meter.problem_since
    assert not EnergyHour.objects.exists()
    at(30, JOULES + "4000")  # 22 s idle at 50 W: 1100 J of 3000
    assert joules(met) == 1900
    meter.refresh_from_db()
    assert (meter.problem, meter.problem_since) == ("", None)


def test_a_meter_that_stays_away_is_stood_in_for_by_the_stated_power(
    at: Rounds, nest: Upstream, wren: Deployment, alice: User
) -> None:
    Upstream.objects.update(watts=300)
    at(0, JOULES + "1000")
    met = call(wren, alice, 10, 20, stated=833)
    at(290, "", 500)
    assert not EnergyHour.objects.exists()
    at(300, "", 500)
    assert hours() == {"stated": (290 * 50 + 10 * 300, 290 * 50, 300, 10)}
    at(310, JOULES + "1000000")  # whatever it counted meanwhile is accounted for already
    at(320, JOULES + "1000500")
    assert hours()["measured"] == (500, 500, 10, 0)
    assert not CallEnergy.objects.filter(pk=met).exists()


def test_a_clock_that_jumps_makes_no_energy(at: Rounds, wren: Deployment, alice: User) -> None:
    at(0, JOULES + "1000")
    at(-3600, JOULES + "2000")
    at(-3590, JOULES + "2500")
    at(3600, JOULES + "9000")
    at(3610, JOULES + "9100")
    assert [hour.joules for hour in EnergyHour.objects.order_by("start")] == [500, 100]


def test_two_rounds_at_once_count_once(at: Rounds) -> None:
    at(0, JOULES + "1000")
    at(15, JOULES + "2000")
    at(15.4, JOULES + "2010")
    assert hours() == {"measured": (1000, 1000, 15, 0)}


def test_a_server_without_a_meter_counts_its_hours(clock: SimpleNamespace, nest: Upstream) -> None:
    for after in (0, 15, 30):
        clock.now = T + after
        sampling.sample_all()
    assert hours() == {"none": (0, 0, 30, 0)}


def test_a_call_that_the_meter_saw_in_part_keeps_its_stated_figure(at: Rounds, wren: Deployment, alice: User) -> None:
    met = call(wren, alice, -20, 10, stated=777)
    at(0, JOULES + "1000")
    at(15, JOULES + "3000")
    found = CallEnergy.objects.get(pk=met)
    assert (found.is_final, found.energy) == (True, None)


def test_what_was_measured_goes_with_the_rows_of_the_ledger(wren: Deployment, settings: Settings) -> None:
    settings.USAGE_RETENTION_MONTHS = 1
    now = datetime.now(UTC)
    for days in (1, 100):
        CallEnergy.objects.create(started_at=now - timedelta(days=days), energy=1)
    retention.apply()
    assert CallEnergy.objects.count() == 1


# --- quotas ------------------------------------------------------------------------------------------------------


def test_quotas_in_energy_are_put_right_once_it_is_measured(
    at: Rounds, wren: Deployment, alice: User, bob: User
) -> None:
    birds, bats = Team.objects.create(name="Birds"), Team.objects.create(name="Bats")
    Membership.objects.create(team=birds, user=alice)
    Membership.objects.create(team=bats, user=bob)
    whose = {
        "alice": {"user": alice},
        "bob": {"user": bob},
        "birds": {"team": birds},
        "bats": {"team": bats},
        "wren": {"deployment": wren},
        "all": {"user": None, "team": None, "deployment": None},
    }
    month = BEGAN.replace(day=1, hour=0)
    for subject in whose.values():
        Quota.objects.create(unit="energy", limit=10_000, used=1000, period_start=month, **subject)
    later = Quota.objects.create(unit="energy", limit=9, used=1, period_start=BEGAN + timedelta(days=31))
    tokens = Quota.objects.create(unit="tokens", limit=9000, used=1000, period_start=month)
    at(0, JOULES + "0")
    call(wren, alice, 0, 10, stated=800)
    at(10, JOULES + "1800")  # 500 mWh, 300 less than stated
    at(20, JOULES + "1900")
    for name, subject in whose.items():
        used = Quota.objects.get(unit="energy", limit=10_000, **subject).used
        assert used == (1000 if name in ("bob", "bats") else 700), name
    later.refresh_from_db()
    tokens.refresh_from_db()
    assert (later.used, tokens.used) == (1, 1000)


# --- what is told in between -------------------------------------------------------------------------------------


def test_a_page_is_read_line_by_line() -> None:
    text = b'# HELP a b\na{x="1",y="q\\"}"} 2 1700000000\nb 3\nc{} 1e3\n broken\nd{x=1} 5\ne nan\n'
    assert [(figure.name, figure.value) for figure in of_page(text)] == [("a", 2), ("b", 3), ("c", 1000), ("d", 5)]
    assert next(of_page(text)).labels == {"x": "1", "y": 'q\\"}'}


@pytest.mark.parametrize(
    "answer",
    [b"", b"[]", b"{}", b'{"status":"error"}', b'{"status":"success","data":[]}', b"\xff", b"[" * 100_000,
     b'{"status":"success","data":{"resultType":"matrix","result":[]}}'],
)  # fmt: skip
def test_what_is_no_answer_of_prometheus_is_refused(answer: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        list(of_query(answer))
