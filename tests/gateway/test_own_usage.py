"""`/usage/`: one's own and nobody else's, in figures that can be added up by hand."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Team, User
from gateway import own_usage
from gateway.models import ApiKey, Deployment, Quota, Upstream, UsageTotal
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def parrot() -> Deployment:
    server = Upstream.objects.create(name="aviary", base_url="http://x/v1")
    return Deployment.objects.create(upstream=server, name="parrot", model="p", api_input_price=2, api_output_price=10)


def used(user: User, day: datetime | None = None, model: str = "parrot", **fields: object) -> UsageTotal:
    start = timezone.localtime(day).replace(hour=0, minute=0, second=0, microsecond=0)
    sums = {"calls": 1, "input_tokens": 1000, "output_tokens": 500, **fields}
    return UsageTotal.objects.create(span="day", start=start, user=user, model=model, purpose="chat", **sums)


def said(client: Client, query: str = "") -> str:
    response = client.get(f"/usage/{query}", headers={"accept-language": "en"})
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_who_used_nothing_is_told_so(alices_client: Client) -> None:
    html = said(alices_client)
    assert "Nothing was used in this month." in html and "No quota holds for you" in html and "<figure" not in html


def test_figures_add_up(alice: User, alices_client: Client, parrot: Deployment) -> None:
    used(alice, deployment=parrot, energy=1500)
    used(alice, deployment=parrot, calls=2, api_key_id=1)
    used(alice, model="finch", input_tokens=70, output_tokens=0)
    html = said(alices_client)
    assert "3,070 in 4 calls" in html and "1.5 Wh" in html and "parrot" in html and "finch" in html
    # 2 x (1000 x 2 + 500 x 10) millionths
    assert "0.014 EUR, by the prices that are set here; 70 tokens of models without a price not counted" in html


def test_without_prices_and_stated_power_it_says_so(alice: User, alices_client: Client) -> None:
    used(alice)
    html = said(alices_client)
    assert "no prices are set" in html and "not stated" in html and "not measured" not in html


def test_nobody_sees_anothers(alice: User, bob: User, parrot: Deployment) -> None:
    used(alice, model="secret-model")
    html = said(client_of(bob))
    assert "secret-model" not in html and "Nothing was used" in html


@pytest.mark.parametrize(
    "month", ["2026-13", "x", "", "0001-01", "9999-12", "2026-11-01", "'; --", "2026-1" * 999, "%00", "2019-05"]
)
def test_a_month_that_is_none_is_this_one(alice: User, alices_client: Client, month: str) -> None:
    used(alice)
    assert "1,500 in 1 call" in said(alices_client, f"?month={month}")


def test_another_month_is_shown_by_its_link(alice: User, alices_client: Client) -> None:
    used(alice, datetime(2025, 3, 31, 20, tzinfo=UTC), input_tokens=1, output_tokens=1)
    used(alice, datetime(2025, 3, 31, 23, tzinfo=UTC), input_tokens=7, output_tokens=0)  # April in Berlin
    html = said(alices_client)
    assert "?month=2025-03" in html and "?month=2025-04" in html
    assert "2 in 1 call" in said(alices_client, "?month=2025-03")
    assert "7 in 1 call" in said(alices_client, "?month=2025-04")


def test_the_picture_shows_what_the_table_says(alice: User, parrot: Deployment) -> None:
    day = datetime(2025, 3, 2, 12, tzinfo=UTC)
    used(alice, day, input_tokens=60, output_tokens=0)
    used(alice, day, model="finch", input_tokens=40, output_tokens=0)
    used(alice, datetime(2025, 3, 31, 12, tzinfo=UTC), model="finch", input_tokens=50, output_tokens=0)
    month = own_usage.month(alice, date(2025, 3, 1))
    assert [(name, series) for name, _sums, series in month.models] == [("finch", 0), ("parrot", 1)]
    first, second, last = month.rects
    assert (first.series, first.height, first.y) == (0, 40, 60) and (second.series, second.height, second.y) == (
        1,
        60,
        0,
    )
    assert (last.x, last.height) == (301.5, 50) and month.width == 310 and month.busiest[0] == date(2025, 3, 2)


def test_a_month_of_zeros_has_no_picture(alice: User) -> None:
    used(alice, datetime(2025, 3, 2, 12, tzinfo=UTC), input_tokens=0, output_tokens=0)
    assert own_usage.month(alice, date(2025, 3, 1)).rects == []


def test_what_is_left_of_quotas_is_told(alice: User, bob: User, alices_client: Client, parrot: Deployment) -> None:
    team = Team.objects.create(name="owls")
    Membership.objects.create(user=alice, team=team)
    Quota.objects.create(user=alice, unit="tokens", limit=1000, period="month", used=400, reserved=100)
    Quota.objects.create(team=team, unit="requests", limit=10, period="total", used=9)
    Quota.objects.create(user=bob, unit="tokens", limit=77, period="month")
    Quota.objects.create(api_key=ApiKey.create(alice, "script")[0], unit="parallel", limit=3, reserved=1)
    html = said(alices_client)
    assert "500 tokens left; it begins anew on" in html and "1 request left; it does not begin anew" in html
    assert "1 under way now" in html and "77" not in html and html.count("progress-low") == 1


def test_a_quota_below_what_is_used_leaves_nothing(alice: User, alices_client: Client, parrot: Deployment) -> None:
    Quota.objects.create(user=alice, unit="tokens", limit=0, period="total", used=400)
    assert "0 tokens left" in said(alices_client)


def test_a_full_month_takes_as_many_queries_as_a_day(alice: User, alices_client: Client, parrot: Deployment) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            said(alices_client, "?month=2025-03")
        return len(counted)

    used(alice, datetime(2025, 3, 1, 12, tzinfo=UTC), deployment=parrot)
    queries()  # the first one of a session notes that it is used
    few = queries()
    for day in range(2, 28):
        for model in ("parrot", "finch", "wren"):
            used(alice, datetime(2025, 3, day, 12, tzinfo=UTC), model=model, deployment=parrot)
    assert queries() == few
