"""What a browser is told to install, and what it keeps for when the server is away."""

import re
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db
STATIC = Path(__file__).resolve().parent.parent / "static"


def test_the_manifest_speaks_the_readers_language(client: Client, alice: User, alices_client: Client) -> None:
    german = client.get("/manifest.webmanifest", headers={"accept-language": "de"}).json()
    assert (german["name"], german["lang"], german["short_name"]) == ("Voliere: Chat und Wissen", "de", "Voliere")
    User.objects.filter(id=alice.id).update(language="de")
    assert alices_client.get("/manifest.webmanifest", headers={"accept-language": "en"}).json()["lang"] == "de"


def test_everything_in_the_manifest_is_there(client: Client, alices_client: Client) -> None:
    response = client.get("/manifest.webmanifest")
    assert response["content-type"] == "application/manifest+json"
    manifest = response.json()
    for icon in manifest["icons"]:
        assert (STATIC / icon["src"].removeprefix("/static/")).is_file()
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    assert "maskable" in {icon["purpose"] for icon in manifest["icons"]}
    for address in [manifest["start_url"], *(shortcut["url"] for shortcut in manifest["shortcuts"])]:
        assert alices_client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("language", "said"), [("de", "Keine Verbindung zum Server"), ("en", "No connection to the server"), ("xx", "No c")]
)
def test_the_page_for_no_connection_is_in_the_language_asked_for(client: Client, language: str, said: str) -> None:
    response = client.get("/offline/", {"language": language})
    assert said in response.content.decode() and "no-store" in response["cache-control"]


def test_it_needs_no_script_and_only_style_sheets(client: Client) -> None:
    html = client.get("/offline/").content.decode()
    assert "<script" not in html and "<img" not in html
    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', html)
    assert styles and all((STATIC / style.removeprefix("/static/")).is_file() for style in styles)


def test_the_worker_is_looked_for_anew_each_time(client: Client) -> None:
    response = client.get("/service-worker.js")
    assert response["content-type"].startswith("text/javascript") and "no-store" in response["cache-control"]
    assert "default-src 'self'" in response["content-security-policy"]


@pytest.mark.parametrize("address", ["/manifest.webmanifest", "/service-worker.js", "/offline/"])
def test_nothing_is_sent_there(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405
