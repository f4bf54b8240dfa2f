"""The panel's pages of quotas and of usage."""

import csv
import io
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Team, User
from gateway.models import Deployment, Quota, Upstream, Usage
from tests.conftest import BACKEND, client_of

pytestmark = pytest.mark.django_db
QUOTAS = "/admin/gateway/quota/"
USAGE = "/admin/gateway/usage/"
EXPORT = USAGE + "export/"
Unit, Period = Quota.Unit, Quota.Period


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root@example.org")


@pytest.fixture
def panel(root: User) -> Client:
    return client_of(root)


def quota_form(**values: object) -> dict[str, object]:
    fixed = {"unit": "tokens", "period": "month", "amount": "5000", "is_hard": "on", "warn_at": "80"}
    return {name: value for name, value in {**fixed, **values}.items() if value is not None}


def change(quota: Quota) -> str:
    return reverse("admin:gateway_quota_change", args=[quota.pk])


def record(user: User | None = None, days_ago: float = 0, **values: object) -> Usage:
    fixed = {"purpose": "api", "status": "done", "model": "wren", "input_tokens": 1500, "output_tokens": 7,
             "cost": 20_000, "energy": 2500, "duration_ms": 9}  # fmt: skip
    moment = timezone.now() - timedelta(days=days_ago)
    return Usage.objects.create(id=uuid.uuid4(), user=user, started_at=moment, **{**fixed, **values})


SENTENCES = [
    ({"limit": 2_000_000}, "This instance: 2,000,000 tokens a month"),
    ({"limit": 1, "unit": Unit.REQUESTS, "period": Period.DAY}, "This instance: 1 request a day"),
    ({"limit": 5, "unit": Unit.PARALLEL}, "This instance: 5 calls at once"),
    ({"limit": 20_000_000, "unit": Unit.COST, "period": Period.TOTAL}, "This instance: 20.00 EUR in all"),
    ({"limit": 12, "unit": Unit.COST, "period": Period.HOUR}, "This instance: 0.000012 EUR an hour"),
    ({"limit": 1_500_000, "unit": Unit.ENERGY}, "This instance: 1.5 kWh a month"),
    ({"limit": 250_000, "unit": Unit.ENERGY, "is_hard": False}, "This instance: 250 Wh a month (only warns)"),
]


@pytest.mark.parametrize(("unit", "amount"), [("tokens", "2.000"), ("cost", "12.500")])
def test_what_is_two_thousand_to_some_and_two_to_others_is_asked_back(panel: Client, unit: str, amount: str) -> None:
    page = panel.post(QUOTAS + "add/", quota_form(unit=unit, amount=amount))
    assert "can be read in two ways" in page.text and not Quota.objects.exists()


def test_who_has_the_same_name_is_told_apart(panel: Client) -> None:
    for name in ("nest", "cote"):
        upstream = Upstream.objects.create(name=name, base_url="http://127.0.0.1:9/v1")
        Deployment.objects.create(upstream=upstream, name="wren", model="wren")
        User.objects.create_user(f"{name}@example.org", name="Alice")
    page = panel.get(QUOTAS + "add/").text
    assert all(told in page for told in ("wren (nest)", "wren (cote)", "Alice (nest@example.org)"))


@pytest.mark.parametrize("end", ["from", "to"])
@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-05", "9999-12-30", "9999-12-31"])
def test_the_ledger_is_shown_from_one_end_of_the_calendar_to_the_other(panel: Client, end: str, day: str) -> None:
    assert panel.get(USAGE, {f"started_at_{end}": day}).status_code == 200


@pytest.mark.parametrize(("values", "sentence"), SENTENCES)
def test_a_quota_is_a_sentence(values: dict[str, object], sentence: str) -> None:
    assert str(Quota(**values)) == sentence


def test_the_sentence_names_its_subject() -> None:
    assert str(Quota(team=Team(name="Fundraising"), limit=10)) == "Team Fundraising: 10 tokens a month"


def test_german_numbers_are_german() -> None:
    with translation.override("de"):
        assert "2.000.000 " in str(Quota(limit=2_000_000))
        assert "20,00 EUR" in str(Quota(limit=20_000_000, unit=Unit.COST))


@pytest.mark.parametrize(
    ("unit", "amount", "limit"), [("cost", "20.50", 20_500_000), ("energy", "1.5", 1500), ("tokens", "7", 7)]
)
def test_amounts_are_entered_as_people_reckon(panel: Client, unit: str, amount: str, limit: int) -> None:
    panel.post(QUOTAS + "add/", quota_form(unit=unit, amount=amount))
    quota = Quota.objects.get()
    assert quota.limit == limit
    assert f'value="{amount.rstrip("0") if "." in amount else amount}"' in panel.get(change(quota)).text


@pytest.mark.parametrize(("unit", "amount"), [("tokens", "1.5"), ("cost", "0.0000001"), ("tokens", "9" * 20)])
def test_what_cannot_be_counted_is_not_taken(panel: Client, unit: str, amount: str) -> None:
    assert panel.post(QUOTAS + "add/", quota_form(unit=unit, amount=amount)).status_code == 200
    assert not Quota.objects.exists()


def test_a_balance_is_topped_up_beside_other_changes(panel: Client) -> None:
    quota = Quota.objects.create(limit=20_000_000, unit=Unit.COST, period=Period.TOTAL, used=5)
    page = panel.get(change(quota)).text
    assert "top_up" in page
    Quota.objects.update(limit=30_000_000, used=9)  # by others, while the form is open
    data = quota_form(unit=None, period="total", amount="30", top_up="10.5")
    with CaptureQueriesContext(connection) as queries:
        panel.post(change(quota), data)
    quota.refresh_from_db()
    assert (quota.limit, quota.used) == (40_500_000, 9)
    updates = [query["sql"] for query in queries if query["sql"].startswith('UPDATE "gateway_quota"')]
    assert updates and not any("used" in update or "reserved" in update for update in updates)


def test_a_quota_has_one_subject(panel: Client, alice: User) -> None:
    team = Team.objects.create(name="Owls")
    page = panel.post(QUOTAS + "add/", quota_form(user=alice.pk, team=team.pk)).text
    assert "A quota is for one person" in page and not Quota.objects.exists()


def test_usage_is_read_only(panel: Client) -> None:
    usage = record()
    for page in ("add/", f"{usage.pk}/delete/"):
        assert panel.get(USAGE + page).status_code == 403
    panel.post(f"{USAGE}{usage.pk}/change/", {"input_tokens": "1"})
    assert Usage.objects.get().input_tokens == 1500


def test_only_a_balance_is_topped_up(panel: Client) -> None:
    assert "top_up" not in panel.get(change(Quota.objects.create(limit=1))).text


def test_the_unit_stays_what_was_counted(panel: Client) -> None:
    quota = Quota.objects.create(limit=1)
    panel.post(change(quota), quota_form(unit="cost", amount="9"))
    quota.refresh_from_db()
    assert (quota.unit, quota.limit) == ("tokens", 9)


def test_the_list_tells_how_far_each_is_used(panel: Client) -> None:
    Quota.objects.create(limit=5000, used=4500, reserved=300)
    Quota.objects.create(limit=8, reserved=2, unit=Unit.PARALLEL)
    page = panel.get(QUOTAS).text
    assert "96 %" in page and "4,500 tokens of 5,000 tokens, 300 tokens more held" in page
    assert "25 %" in page and "2 of 8 calls at once" in page


def test_usage_of_the_last_thirty_days_is_summed(panel: Client, alice: User) -> None:
    record(alice), record(alice, status="failed"), record(alice, days_ago=31)
    page = panel.get(USAGE).text
    assert "3,000 tokens in" in page and "0.04 EUR" in page and "5 Wh" in page
    assert "1,500 tokens in" in panel.get(USAGE + "?status__exact=done").text


def test_a_range_shows_what_is_older(panel: Client, alice: User) -> None:
    record(alice, days_ago=31)
    old = timezone.localtime() - timedelta(days=40)
    page = panel.get(USAGE, {"started_at_from": f"{old:%Y-%m-%d}"}).text
    assert "1,500 tokens in" in page


def test_no_page_counts_every_row(panel: Client, alice: User) -> None:
    record(alice)
    with CaptureQueriesContext(connection) as queries:
        panel.get(USAGE)
    about_usage = [query["sql"] for query in queries if 'FROM "gateway_usage"' in query["sql"]]
    assert about_usage and all("started_at" in sql.split('FROM "gateway_usage"')[1] for sql in about_usage)


async def downloaded(user: User, address: str) -> tuple[int, str]:
    client = AsyncClient()
    await client.aforce_login(user, backend=BACKEND)
    response = await client.get(address)
    pieces = [piece async for piece in response] if response.streaming else []
    return response.status_code, b"".join(pieces).decode()


@pytest.mark.django_db(transaction=True)
async def test_the_download_honours_the_filters(root: User) -> None:
    await Usage.objects.acreate(id=uuid.uuid4(), started_at=timezone.now(), input_tokens=3, output_tokens=1,
                                duration_ms=1, status="failed", purpose="api", model="wren")  # fmt: skip
    await Usage.objects.acreate(id=uuid.uuid4(), started_at=timezone.now(), input_tokens=4, output_tokens=1,
                                duration_ms=1, status="done", purpose="api", model="wren")  # fmt: skip
    status, text = await downloaded(root, EXPORT + "?status__exact=failed")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert (status, [row["input_tokens"] for row in rows]) == (200, ["3"])


@pytest.mark.parametrize("address", [USAGE, EXPORT])
def test_only_who_may_see_usage_gets_it(alice: User, address: str) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    assert client_of(alice).get(address).status_code == 403
    alice.user_permissions.add(Permission.objects.get(codename="view_usage"))
    assert client_of(alice).get(address).status_code == 200


def test_the_list_has_a_button_that_keeps_the_filters(panel: Client, alice: User) -> None:
    record(alice)
    assert "export/?status__exact=done" in panel.get(USAGE + "?status__exact=done").text


def test_a_person_who_is_gone_is_no_hindrance(panel: Client, alice: User) -> None:
    upstream = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1")
    wren = Deployment.objects.create(upstream=upstream, name="wren", model="wren")
    usage = record(alice, deployment=wren)
    alice.delete(), upstream.delete()
    assert panel.get(USAGE).status_code == 200
    assert panel.get(f"{USAGE}{usage.pk}/change/").status_code == 200
