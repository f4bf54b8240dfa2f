"""Quick access: what it lists leads somewhere, is found in both languages, and no key stands for two things."""

from collections import Counter
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from chat.palette import ACTIONS, PAGES, Command, commands, shortcuts
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("command", PAGES, ids=lambda command: f"{command.page}{command.query}")
def test_every_page_is_there(alice: User, command: Command) -> None:
    alice.set_password("sieben kluge Dohlen")  # which the page to change it asks for
    alice.save()
    assert client_of(alice).get(command.address).status_code == 200


@pytest.mark.parametrize("word", ["Preferences", "Einstellungen", "settings", "Schriftgröße", "language", "Sprache"])
def test_a_page_is_found_by_words_of_either_language(word: str) -> None:
    assert [str(page.page) for page in PAGES if word.lower() in page.words.lower()] == ["preferences"]


def test_no_key_stands_for_two_things() -> None:
    counted = Counter(key for command in shortcuts() for key in command.keys)
    assert counted.total() > 8 and set(counted.values()) == {1}


def test_every_action_is_one_the_script_knows() -> None:
    script = (Path(__file__).parents[2] / "static/js/deeds.js").read_text()
    assert [command.action for command in ACTIONS if f"\n  {command.action}:" not in script.replace('"', "")] == []


def test_the_panel_is_for_staff(alice: User, alices_client: Client) -> None:
    assert b"/admin/" not in alices_client.get("/").content
    alice.is_staff = True
    assert [command for command in commands(alice) if command.page == "admin:index"]


def test_it_stands_on_every_page_of_a_person_and_on_no_other(alice: User, alices_client: Client) -> None:
    for address in ("/", "/search/", "/knowledge/", "/memory/"):
        assert b'id="palette"' in alices_client.get(address).content
    assert b'id="palette"' not in Client().get("/accounts/login/").content


@pytest.mark.parametrize(("chosen", "status"), [("dark", 204), ("light", 204), ("neon", 400), ("", 400)])
def test_the_theme_is_changed_by_itself(alice: User, alices_client: Client, chosen: str, status: int) -> None:
    User.objects.filter(id=alice.id).update(instructions="Bleibt.")
    response = alices_client.post("/accounts/theme/", {"theme": chosen}, headers={"accept": "application/json"})
    assert response.status_code == status
    alice.refresh_from_db()
    assert alice.theme == (chosen if status == 204 else "system") and alice.instructions == "Bleibt."
