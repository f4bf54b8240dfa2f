"""The prompt library: places to fill in, who may use what, and what the composer is told."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from chat.library import MOST_VARIABLES, Variable, parts, variables
from chat.models import Prompt

JSON = {"HTTP_ACCEPT": "application/json"}


def make(owner: User, title: str = "Absage", text: str = "An {{name}}.") -> Prompt:
    prompt: Prompt = Prompt.objects.create(owner=owner, title=title, text=text)
    return prompt


def titles(client: Client, q: str = "") -> list[str]:
    return [each["title"] for each in client.get("/prompts/", {"q": q}, **JSON).json()["prompts"]]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("An {{name}} und {{ name }}", [Variable("name")]),
        ("{{Frist = morgen früh}}", [Variable("Frist", "morgen früh")]),
        ("{{Ton: freundlich | knapp |}}", [Variable("Ton", choices=("freundlich", "knapp"))]),
        ("{{größter Wunsch-1}}{{_}}", [Variable("größter Wunsch-1"), Variable("_")]),
        ("{{a}}{{a = b}}", [Variable("a")]),
        ("{{<script>}} {{a<b}} {{}} {{ }} {{a.b}} {a} {{a\n}} {{{{", []),
        ("{{" + "x" * 61 + "}}", []),
        ("{{{a}}}", [Variable("a")]),
        ("{{a = <b>}}", [Variable("a", "<b>")]),
    ],
)
def test_places_are_found(text: str, expected: list[Variable]) -> None:
    assert variables(text) == expected


def test_a_text_is_cut_at_its_places() -> None:
    text = "An {{name}}: {{Grund = nein}} {{name}}"
    cut = parts(text)
    assert [part.get("variable") for part in cut] == [None, "name", None, "Grund", None, "name", None]
    values = {"name": "{{Grund}}", "Grund": "so"}
    assert (
        "".join(part.get("text", values.get(part.get("variable", ""), "")) for part in cut)
        == "An {{Grund}}: so {{Grund}}"
    )


@pytest.mark.parametrize("text", ["{" * 20_000, "{{a" * 6_000, "{{" + "a " * 9_000, "{{a:" + "|" * 19_000 + "}}"])
def test_a_hostile_text_is_read_in_no_time(text: str) -> None:
    assert len(variables(text)) <= 1


def test_a_prompt_is_made_changed_shared_and_deleted(alice: User, bob: User, alices_client: Client) -> None:
    alices_client.post("/prompts/new/", {"title": "Absage", "text": "An {{name}}"})
    prompt = Prompt.objects.get()
    assert prompt.owner == alice
    address = f"/prompts/{prompt.id}/"
    alices_client.post(f"{address}edit/", {"title": "Zusage", "text": "An alle"})
    alices_client.post(f"{address}share/", {"audience": "named", "people": "bob@example.org"})
    prompt.refresh_from_db()
    assert (prompt.title, list(prompt.people.all())) == ("Zusage", [bob])
    alices_client.post(f"{address}delete/")
    assert not Prompt.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "x" * 101),
        ("text", ""),
        ("text", "x" * 20_001),
        ("text", "\x00"),
        ("text", "".join(f"{{{{v{i}}}}}" for i in range(1_000))),
    ],
)
def test_bad_input_is_named_and_nothing_is_kept(alices_client: Client, field: str, value: str) -> None:
    response = alices_client.post("/prompts/new/", {"title": "Absage", "text": "Nein.", field: value})
    assert response.context["form"].errors[field] and not Prompt.objects.exists()


def test_as_many_places_as_allowed_are_kept(alices_client: Client) -> None:
    text = "".join(f"{{{{v{i}}}}}" for i in range(MOST_VARIABLES)) * 2
    alices_client.post("/prompts/new/", {"title": "Viele", "text": text})
    assert len(Prompt.objects.get().variables) == MOST_VARIABLES


def test_the_composer_finds_what_a_person_may_use(
    alice: User, bob: User, alices_client: Client, bobs_client: Client, charlies_client: Client
) -> None:
    make(alice, "Absage")
    make(alice, "Grußwort").offer(everyone=False, people=[bob], teams=[])
    make(bob, "Gruß aus der Küche").offer(everyone=True, people=[], teams=[])
    assert titles(alices_client) == ["Absage", "Gruß aus der Küche", "Grußwort"]
    assert titles(alices_client, "GRUß") == titles(bobs_client) == ["Gruß aus der Küche", "Grußwort"]
    assert titles(charlies_client) == ["Gruß aus der Küche"] and titles(charlies_client, "\x00%_") == []


def test_one_is_told_with_its_places(alice: User, alices_client: Client, charlies_client: Client) -> None:
    prompt = make(alice, text="An {{name = <b>}}")
    told = alices_client.get(prompt.get_absolute_url(), **JSON).json()  # type: ignore[arg-type]
    assert told["variables"] == [{"name": "name", "default": "<b>", "choices": []}]
    assert told["parts"] == [{"text": "An "}, {"variable": "name"}, {"text": ""}]
    assert charlies_client.get(prompt.get_absolute_url(), **JSON).status_code == 404  # type: ignore[arg-type]


def test_a_new_chat_begins_with_a_prompt_without_script(
    alice: User, alices_client: Client, charlies_client: Client
) -> None:
    prompt = make(alice, text="An {{name}}: <b>")
    address = f"/?prompt={prompt.id}"
    assert "\nAn {{name}}: &lt;b&gt;</textarea>" in alices_client.get(address).content.decode()
    for page in (charlies_client.get(address), alices_client.get("/?prompt=1")):
        assert "An {{name}}" not in page.content.decode()


def test_markup_in_a_prompt_stays_text(alice: User, alices_client: Client) -> None:
    prompt = make(alice, "<b>fett", "<script>alert(1)</script>")
    for address in (
        "/prompts/",
        prompt.get_absolute_url(),
        f"/prompts/{prompt.id}/edit/",
        f"/prompts/{prompt.id}/share/",
    ):
        page = alices_client.get(address).content
        assert b"<b>fett" not in page and b"<script>alert" not in page


def test_a_long_list_takes_no_query_more(
    alice: User, bob: User, alices_client: Client, django_assert_max_num_queries: Any
) -> None:
    for i in range(30):
        make(bob, f"P{i}").offer(everyone=False, people=[alice], teams=[])
    with django_assert_max_num_queries(20):
        assert alices_client.get("/prompts/").content.count(b"<h3>") == 30
    assert len(titles(alices_client)) == 20
