"""Quotas in words, on their pages; and two admins at one form."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Team, User
from gateway.models import Deployment, Quota, Upstream
from gateway.quota_sentences import left, remark, sentence
from rag.models import Collection, Document
from tests.conftest import client_of
from tests.gateway.test_admin import form, page_of

pytestmark = pytest.mark.django_db
Unit, Period = Quota.Unit, Quota.Period


@pytest.fixture
def panel(db: None) -> Client:
    return client_of(User.objects.create_superuser("root@example.org"))


SENTENCES = [
    (
        {"limit": 2_000_000},
        "This instance: 2 million tokens a month, then refused",
        "Diese Instanz: 2 Millionen Token je Monat, dann wird abgelehnt",
    ),
    (
        {"limit": 1_000_000, "is_hard": False},
        "This instance: 1 million tokens a month, then a warning",
        "Diese Instanz: 1 Million Token je Monat, dann wird gewarnt",
    ),
    (
        {"limit": 1_500_000, "period": Period.DAY, "unit": Unit.REQUESTS},
        "This instance: 1.5 million requests a day, then refused",
        "Diese Instanz: 1,5 Millionen Anfragen je Tag, dann wird abgelehnt",
    ),
    (
        {"limit": 1_234_567},
        "This instance: 1,234,567 tokens a month, then refused",
        "Diese Instanz: 1.234.567 Token je Monat, dann wird abgelehnt",
    ),
    (
        {"limit": 3 * 10**9},
        "This instance: 3 billion tokens a month, then refused",
        "Diese Instanz: 3 Milliarden Token je Monat, dann wird abgelehnt",
    ),
    (
        {"limit": 5, "unit": Unit.PARALLEL},
        "This instance: 5 calls at once, then refused",
        "Diese Instanz: 5 Aufrufe zugleich, dann wird abgelehnt",
    ),
    (
        {"limit": 20_000_000, "unit": Unit.COST, "period": Period.TOTAL},
        "This instance: 20.00 EUR in all, then refused",
        "Diese Instanz: 20,00 EUR insgesamt, dann wird abgelehnt",
    ),
]


@pytest.mark.parametrize(("values", "english", "german"), SENTENCES)
def test_a_quota_is_a_sentence_in_both_languages(values: dict[str, object], english: str, german: str) -> None:
    assert sentence(Quota(**values)) == english
    with translation.override("de"):
        assert sentence(Quota(**values)) == german


def test_it_says_for_whom() -> None:
    assert sentence(Quota(team=Team(name="Fundraising"), limit=2_000_000)).startswith("Team Fundraising: 2 million")


def test_it_says_what_is_left() -> None:
    now = timezone.now()
    assert left(Quota(limit=5_000_000, used=2_000_000, reserved=1_000_000, period_start=now)) == "2 million tokens left"
    assert left(Quota(limit=5, used=9, period_start=now)) == "nothing left"
    assert left(Quota(limit=8, reserved=2, unit=Unit.PARALLEL)) == "2 under way"


def test_what_was_used_in_a_period_before_is_left_again() -> None:
    before = timezone.now() - timedelta(days=40)
    assert left(Quota(limit=10, used=10, period_start=before)) == "10 tokens left"


def test_a_limit_below_what_is_used_says_what_that_means() -> None:
    now = timezone.now()
    assert "every call is refused until it begins anew on" in remark(Quota(limit=5, used=9, period_start=now))
    assert "topped up" in remark(Quota(limit=5, used=9, period_start=now, period=Period.TOTAL))
    assert "Nobody is refused" in remark(Quota(limit=5, used=9, period_start=now, is_hard=False))
    assert remark(Quota(limit=10, used=9, period_start=now)) == "" == remark(Quota(limit=0, period_start=now))


def change(quota: Quota) -> str:
    return reverse("admin:gateway_quota_change", args=[quota.pk])


def quota_form(**values: object) -> dict[str, object]:
    fixed = {"period": "month", "amount": "5000", "is_hard": "on", "warn_at": "80"}
    return {name: value for name, value in {**fixed, **values}.items() if value is not None}


def test_saving_a_limit_below_what_is_used_warns(panel: Client) -> None:
    quota = Quota.objects.create(limit=9000, used=7000)
    page = panel.post(change(quota), quota_form(), follow=True).text
    assert "7,000 tokens are used already" in page and Quota.objects.get().limit == 5000


def test_list_and_form_show_sentence_and_bar(panel: Client) -> None:
    quota = Quota.objects.create(limit=2_000_000, used=500_000)
    for page in (panel.get("/admin/gateway/quota/").text, panel.get(change(quota)).text):
        assert "2 million tokens a month, then refused" in page and '<rect width="25"' in page
        assert "25 % used · 1.5 million tokens left" in page


# --- two at once


def stamp_on(page: str, name: str = "stamp") -> str:
    found = re.search(rf'name="{name}" value="([0-9a-f]{{64}})"', page)
    assert found, page
    return found[1]


def test_who_saves_a_quota_second_is_told_and_overwrites_nothing(panel: Client) -> None:
    quota = Quota.objects.create(limit=1000)
    stamp = stamp_on(panel.get(change(quota)).text)
    panel.post(change(quota), quota_form(amount="2000", stamp=stamp))
    page = panel.post(change(quota), quota_form(amount="3000", stamp=stamp)).text
    assert "Somebody else changed this" in page and Quota.objects.get().limit == 2000
    again = stamp_on(panel.get(change(quota)).text)
    panel.post(change(quota), quota_form(amount="3000", stamp=again))
    assert Quota.objects.get().limit == 3000


def test_calls_that_count_meanwhile_are_no_change(panel: Client) -> None:
    quota = Quota.objects.create(limit=1000)
    stamp = stamp_on(panel.get(change(quota)).text)
    Quota.objects.update(used=700, reserved=3)
    panel.post(change(quota), quota_form(amount="2000", stamp=stamp))
    quota.refresh_from_db()
    assert (quota.limit, quota.used) == (2000, 700)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_the_same_moment_one_is_told() -> None:
    clients = [client_of(User.objects.create_superuser(f"{name}@example.org")) for name in ("ada", "bea")]
    for _ in range(3):
        quota = Quota.objects.create(limit=1000)
        stamp = stamp_on(clients[0].get(change(quota)).text)

        def save(number: int, quota: Quota = quota, stamp: str = stamp) -> int:
            response = clients[number].post(change(quota), quota_form(amount=str(2000 + number), stamp=stamp))
            connection.close()
            return response.status_code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(save, range(2))) == [200, 302]


@pytest.mark.parametrize("stamp", ["0" * 64, "x", "<script>", "ü" * 99])
def test_a_made_up_stamp_saves_nothing(panel: Client, stamp: str) -> None:
    quota = Quota.objects.create(limit=1000)
    panel.post(change(quota), quota_form(amount="2000", stamp=stamp))
    assert Quota.objects.get().limit == 1000


def test_a_server_and_its_models_are_not_overwritten_either(panel: Client) -> None:
    nest = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1")
    wren = Deployment.objects.create(upstream=nest, name="wren", model="wren")
    page = panel.get(page_of(nest)).text
    rows = {
        "deployments-TOTAL_FORMS": "1", "deployments-INITIAL_FORMS": "1", "deployments-0-id": str(wren.pk),
        "deployments-0-upstream": str(nest.pk), "deployments-0-name": "wren", "deployments-0-model": "wren",
        "deployments-0-kind": "chat", "deployments-0-slots": "16", "deployments-0-is_active": "on",
        "deployments-0-stamp": stamp_on(page, "deployments-0-stamp"),
    }  # fmt: skip
    data = form(nest, place="Keller", stamp=stamp_on(page), **rows)
    Deployment.objects.filter(pk=wren.pk).update(slots=2)  # by another admin
    assert "Somebody else changed this" in panel.post(page_of(nest), data).text
    assert (Deployment.objects.get().slots, Upstream.objects.get().place) == (2, "")
    Deployment.objects.filter(pk=wren.pk).update(slots=16)
    Upstream.objects.update(watts=300)
    assert "Somebody else changed this" in panel.post(page_of(nest), data).text
    Upstream.objects.update(watts=None, failures=3)  # what the rounds note is no change
    assert panel.post(page_of(nest), data).status_code == 302
    assert Upstream.objects.get().place == "Keller"


def test_a_stamp_does_not_give_the_key_away(panel: Client) -> None:
    one, other = (Upstream.objects.create(name=name, base_url="http://x/v1", api_key="k") for name in ("a", "b"))
    assert stamp_on(panel.get(page_of(one)).text) != stamp_on(panel.get(page_of(other)).text)


# --- a team that goes


def test_before_a_team_goes_the_page_says_what_goes_with_it(panel: Client, alice: User) -> None:
    team = Team.objects.create(name="Fundraising")
    Quota.objects.create(team=team, limit=5)
    nest = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1")
    for name, teams in (("secret-wren", [team]), ("shared-wren", [team, Team.objects.create(name="Vorstand")])):
        Deployment.objects.create(upstream=nest, name=name, model=name).teams.set(teams)
    shelf = Collection.objects.create(team=team, name="Regeln")
    Document.objects.create(collection=shelf, name="a.pdf", size=1, sha256="a")
    team.members.add(alice)
    page = panel.get(reverse("admin:accounts_team_delete", args=[team.pk])).text
    told = page.split('class="panel-page consequences"')[1].split("</div>")[0]
    for said in ("1 quota goes", "1 collection with 1 document", "1 person", "from then on: secret-wren."):
        assert said in told, said
    assert "shared-wren" not in told


def test_teams_do_not_go_in_a_heap(panel: Client) -> None:
    team = Team.objects.create(name="Fundraising")
    form = {"action": "delete_selected", "_selected_action": str(team.pk), "post": "yes"}
    panel.post(reverse("admin:accounts_team_changelist"), form)
    assert Team.objects.exists()
