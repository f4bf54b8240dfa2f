"""A legal hold on a person keeps what they wrote for themselves, too: prompts, assistants, memory and keys."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Fact, LegalHold, Team, User
from chat.exceptions import OnHold
from chat.models import Assistant, Prompt
from config import personal_data
from gateway.models import ApiKey
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["user", "team"])
def held(member: User, team: Team, request: pytest.FixtureRequest) -> User:
    Prompt.objects.create(owner=member, title="Dank", text="Danke!")
    Assistant.objects.create(owner=member, name="Post")
    Fact.objects.create(user=member, text="Wohnt in Bremen.")
    ApiKey.create(member, "script")
    LegalHold.objects.create(reason="AZ 7", **{request.param: member if request.param == "user" else team})
    return member


def all_there() -> bool:
    return all(model.objects.exists() for model in (Prompt, Assistant, Fact, ApiKey))


def test_the_pages_say_why_nothing_is_deleted(held: User) -> None:
    client = client_of(held)
    addresses = {
        reverse("chat:prompt-delete", args=[Prompt.objects.get().pk]): "",
        reverse("chat:assistant-delete", args=[Assistant.objects.get().pk]): "",
        reverse("chat:memory-forget", args=[Fact.objects.get().pk]): reverse("chat:memory"),
        reverse("chat:memory-clear"): reverse("chat:memory"),
    }
    for address, page in addresses.items():
        shown = client.get(page or address).text
        assert "A legal hold is on it" in shown and "button-danger" not in shown, address
        assert client.post(address).status_code == 409
    assert all_there()


def test_the_api_says_so_too(held: User) -> None:
    client = client_of(held)
    wanted = ["/me/memory", f"/me/memory/facts/{Fact.objects.get().pk}", f"/prompts/{Prompt.objects.get().pk}"]
    for path in [*wanted, f"/assistants/{Assistant.objects.get().pk}"]:
        answer = client.delete(f"/api/v1{path}")
        assert (answer.status_code, answer.json()["code"]) == (409, "on_hold"), path
    assert all_there()


def test_the_database_keeps_facts_and_keys_whoever_deletes(held: User, ada: User) -> None:
    for rows in (Fact.objects.all(), ApiKey.objects.all()):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.delete()
    key = ApiKey.objects.get()
    page: Any = client_of(ada).post(reverse("admin:gateway_apikey_delete", args=[key.pk]), {"post": "yes"})
    key.revoke()
    assert page.status_code == 409 and all_there()


def test_an_erasure_under_way_stops_at_a_hold(held: User) -> None:
    for erase in (personal_data.chat, personal_data.gateway, personal_data.accounts):
        with pytest.raises((OnHold, IntegrityError)), transaction.atomic():
            erase.personal_data.erase(held, lambda what, how_many: None)
    assert all_there()


def test_when_the_hold_ends_they_go(held: User) -> None:
    LegalHold.objects.all().delete()
    Prompt.objects.get().delete()
    held.delete()
    assert not Prompt.objects.exists() and not Fact.objects.exists() and not ApiKey.objects.exists()
