"""Quotas as CSV."""

import pytest
from django.test import Client

from accounts.audit import AuditEvent, Kind
from accounts.models import Team, User
from gateway.models import ApiKey, Deployment, Quota, Upstream
from tests.accounts.test_people_table import confirmed, shown
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
QUOTAS = "/admin/gateway/quota/"
IMPORT = QUOTAS + "import/"
HEAD = "for;name;unit;limit;period;refuses;warn_at\n"
Unit, Period = Quota.Unit, Quota.Period


@pytest.fixture
def panel(db: None) -> Client:
    return client_of(User.objects.create_superuser("root@example.org"))


@pytest.fixture
def wren(db: None) -> Deployment:
    nest = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1")
    return Deployment.objects.create(upstream=nest, name="wren", model="wren")


def imported(panel: Client, rows: str) -> str:
    return confirmed(panel, shown(panel, HEAD + rows, IMPORT), IMPORT)


def test_new_quotas_are_made_and_others_changed(panel: Client, alice: User, wren: Deployment) -> None:
    team = Team.objects.create(name="Fundraising")
    key = ApiKey.create(alice, "script")[0]
    there = Quota.objects.create(team=team, limit=5000, used=17)
    rows = (
        "team;fundraising;tokens;2000000;month;no;90\nuser;Alice@example.org;cost;20,50;month;ja;\n"
        f"key;{key.prefix};requests;100;day;;\nmodel;wren;parallel;4;month;;\ninstance;;energy;1,5;total;yes;50\n"
    )
    page = shown(panel, HEAD + rows, IMPORT)
    assert "Team Fundraising: 5,000 tokens a month, then refused → Team Fundraising: 2 million tokens" in page
    assert "new: Alice: 20.50 EUR a month, then refused" in page
    assert Quota.objects.count() == 1
    confirmed(panel, page, IMPORT)
    there.refresh_from_db()
    assert (there.limit, there.is_hard, there.warn_at, there.used) == (2_000_000, False, 90, 17)
    assert Quota.objects.get(user=alice).limit == 20_500_000
    assert Quota.objects.get(api_key=key).limit == 100
    assert Quota.objects.get(deployment=wren).unit == Unit.PARALLEL
    assert Quota.objects.get(unit=Unit.ENERGY).limit == 1500
    kinds = list(AuditEvent.objects.values_list("kind", flat=True))
    assert kinds.count(Kind.SETTING_ADDED) == 4 and kinds.count(Kind.SETTING_CHANGED) == 1


def test_the_download_is_a_file_that_changes_nothing(panel: Client, alice: User, wren: Deployment) -> None:
    Deployment.objects.create(upstream=Upstream.objects.create(name="owlery"), name="wren", model="wren")
    Quota.objects.create(deployment=wren, limit=1_234_567)
    Quota.objects.create(user=alice, limit=1_234_000, unit=Unit.COST)
    Quota.objects.create(limit=8, unit=Unit.PARALLEL)
    Quota.objects.create(team=Team.objects.create(name="=1+1"), limit=12, period=Period.TOTAL, is_hard=False)
    for language in ("en", "de"):
        content = panel.get(QUOTAS + "export/", headers={"accept-language": language}).content
        assert b"'=1+1" in content and b"wren @ nest" in content
        assert "4 rows say what is there already." in shown(panel, content, IMPORT)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("team;Nowhere;tokens;5;month;;", "not there: Nowhere"),
        ("planet;Erde;tokens;5;month;;", "nothing that has quotas: planet"),
        ("model;wren;tokens;5;month;;", "write: model @ server"),
        ("instance;;bananas;5;month;;", "“bananas” as unit"),
        ("instance;;tokens;5;decade;;", "“decade” as period"),
        ("instance;;tokens;viel;month;;", "no number: viel"),
        ("instance;;tokens;-5;month;;", "no number: -5"),
        ("instance;;tokens;1e9;month;;", "no number: 1e9"),
        ("instance;;tokens;;month;;", "no number: "),
        ("instance;;tokens;2.000;month;;", "read in two ways, 2.000"),
        ("instance;;tokens;2.000.000;month;;", "no number: 2.000.000"),
        ("instance;;tokens;1,5;month;;", "cannot be counted: 1,5"),
        ("instance;;tokens;9999999999999999999;month;;", "cannot be counted"),
        ("instance;;tokens;5;month;vielleicht;", "neither yes nor no: vielleicht"),
        ("instance;;tokens;5;month;;0", "1 to 100: 0"),
        ("instance;;tokens;5;month;;101", "1 to 100: 101"),
        ("instance;;tokens;5", "cells instead of 7"),
        ("instance;;tokens;5;month;;\nInstance;;Tokens;6;month;;", "the same quota as row 2"),
        ("model;wren @ nest;tokens;5;month;;\nmodel; wren @  nest;tokens;6;month;;", "not there"),
        ("instance;;requests;5;day;;", "several times"),
    ],
)
def test_a_wrong_row_is_told_and_nothing_is_done(panel: Client, wren: Deployment, row: str, said: str) -> None:
    Deployment.objects.create(upstream=Upstream.objects.create(name="owlery"), name="wren", model="wren")
    for _ in range(2):
        Quota.objects.create(limit=7, unit=Unit.REQUESTS, period=Period.DAY)
    page = shown(panel, HEAD + row + "\n", IMPORT)
    assert said in page and "Import all of it" not in page
    assert Quota.objects.count() == 2


def test_one_model_by_two_names_is_one(panel: Client, wren: Deployment) -> None:
    page = shown(panel, HEAD + "model;wren;tokens;5;month;;\nmodel;wren @ nest;tokens;6;month;;\n", IMPORT)
    assert "the same quota as row 2" in page


def test_what_is_not_in_the_file_stays(panel: Client) -> None:
    quota = Quota.objects.create(limit=9, warn_at=55, is_hard=False)
    imported(panel, "instance;;tokens;10;month;;\n")
    quota.refresh_from_db()
    assert (quota.limit, quota.warn_at, quota.is_hard) == (10, 55, False)


def test_nobody_else_imports_quotas(alices_client: Client) -> None:
    User.objects.update(is_staff=True)
    assert alices_client.get(QUOTAS + "export/").status_code == 403
    assert alices_client.get(IMPORT).status_code == 403
    assert "Import from CSV" not in alices_client.get(QUOTAS).text
