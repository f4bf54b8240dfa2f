"""What a person chooses stands on every page of theirs, and on nobody else's."""

import re

import pytest
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db
CHOSEN = {"name": "Alice", "language": "de", "theme": "dark", "text_size": "130", "instructions": "Fasse dich kurz."}


def html_tag(client: Client, address: str = "/") -> str:
    found = re.search(r"<html[^>]*>", client.get(address).content.decode())
    assert found
    return found[0]


def test_every_choice_is_kept_and_shown(alice: User, alices_client: Client) -> None:
    data = {**CHOSEN, "whole_answers": "on", "notifies": "on", "single_keys": "on"}
    assert alices_client.post("/accounts/preferences/", data).status_code == 302
    tag = html_tag(alices_client)
    for attribute in ('lang="de"', 'data-theme="dark"', 'data-text-size="130"', "data-whole", "data-notifies"):
        assert attribute in tag
    assert "data-single-keys" in tag and "data-remembers" not in tag
    assert "Fasse dich kurz." in alices_client.get("/accounts/preferences/").content.decode()


def test_switches_go_off_again(alice: User, alices_client: Client) -> None:
    User.objects.filter(id=alice.id).update(whole_answers=True, notifies=True)
    alices_client.post("/accounts/preferences/", CHOSEN)
    tag = html_tag(alices_client)
    assert not any(word in tag for word in ("data-whole", "data-notifies", "data-single-keys"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"text_size": "9000"},
        {"text_size": "1; x"},
        {"theme": "<b>"},
        {"language": "xx"},
        {"instructions": "x" * 2001},
        {"name": "x" * 151},
    ],
)
def test_what_is_not_on_offer_is_refused(alice: User, alices_client: Client, wrong: dict[str, str]) -> None:
    response = alices_client.post("/accounts/preferences/", {**CHOSEN, **wrong})
    assert response.status_code == 200 and b"errorlist" in response.content
    alice.refresh_from_db()
    assert (alice.text_size, alice.theme, alice.instructions) == (100, "system", "")


def test_another_persons_page_shows_their_own(alice: User, bobs_client: Client) -> None:
    User.objects.filter(id=alice.id).update(text_size=150, whole_answers=True)
    assert 'data-text-size="100"' in html_tag(bobs_client) and "data-whole" not in html_tag(bobs_client)


def test_who_is_not_signed_in_has_chosen_nothing() -> None:
    assert "data-text-size" not in html_tag(Client(), "/accounts/login/")
