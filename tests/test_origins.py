"""Under which names pages, forms and sockets work: through the whole ASGI application."""

import os
import re
import subprocess
import sys
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from chat.consumers import NOT_FOUND
from chat.generation import in_database
from chat.models import Conversation
from config.running.exceptions import StartError
from config.running.programs import Address
from tests.conftest import client_of
from tests.sockets import Socket

OURS = ("HOST", "PORT", "PUBLIC_URL", "ALLOWED_HOSTS")
NAMES = ["localhost:8000", "127.0.0.1:8000", "testserver"]
SHOW = "from config import settings as s; print(s.PUBLIC_URL, *s.ALLOWED_HOSTS)"


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_who_comes_by_any_of_our_names_can_sign_in(name: str) -> None:
    User.objects.create_user("alice@example.org", "a long password")
    browser = Client(enforce_csrf_checks=True, headers={"host": name, "origin": f"http://{name}"})
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get("/accounts/login/").text)[0]
    form = {"login": "alice@example.org", "password": "a long password", "csrfmiddlewaretoken": token}
    assert browser.post("/accounts/login/", form).status_code == 302


def test_a_form_of_a_foreign_page_is_refused() -> None:
    browser = Client(enforce_csrf_checks=True, headers={"host": "localhost:8000", "origin": "http://localhost:3000"})
    assert browser.post("/accounts/login/").status_code == 403


def socket(host: str, origin: str, conversation: UUID, **headers: str) -> Socket:
    headers |= {"host": host, "origin": origin}
    return Socket(conversation, [(name.encode(), value.encode()) for name, value in headers.items() if value])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", NAMES)
async def test_a_socket_opens_under_any_of_our_names(name: str, alice: User) -> None:
    key = (await in_database(client_of, alice)).cookies[settings.SESSION_COOKIE_NAME].value
    conversation = await in_database(Conversation.objects.create, owner=alice)
    opened = socket(name, f"http://{name}", conversation.id, cookie=f"{settings.SESSION_COOKIE_NAME}={key}")
    assert (await opened.connect())[0]
    await opened.disconnect()


@pytest.mark.django_db  # a thread of the pool may hold a connection of an earlier test: it is looked at, not used
@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8000", "http://localhost:3000"),
        ("localhost:8000", "https://localhost:8000"),
        ("localhost:8000", "http://evil.example"),
        ("localhost:8000", "null"),
        ("localhost:8000", ""),
        ("evil.example", "http://evil.example"),  # a foreign name that was made to point to us
        ("", "http://"),
    ],
)
async def test_a_socket_of_a_foreign_page_is_refused(host: str, origin: str) -> None:
    accepted, code = await socket(host, origin, uuid4()).connect()
    assert not accepted and code != NOT_FOUND  # it does not even reach the consumer


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "http://127.0.0.1:8000 localhost 127.0.0.1 [::1]"),
        ({"HOST": "0.0.0.0", "PORT": "81"}, "http://127.0.0.1:81 localhost 127.0.0.1 [::1]"),  # noqa: S104
        ({"HOST": "fd00::7"}, "http://[fd00::7]:8000 localhost 127.0.0.1 [::1] [fd00::7]"),
        ({"PUBLIC_URL": "https://a.example/"}, "https://a.example localhost 127.0.0.1 [::1] a.example"),
        (
            {"PUBLIC_URL": "http://a.example:81", "ALLOWED_HOSTS": "b.example"},
            "http://a.example:81 b.example a.example",
        ),
    ],
)
def test_our_names_follow_the_environment(given: dict[str, str], expected: str) -> None:
    theirs = {name: value for name, value in os.environ.items() if name not in OURS}
    said = subprocess.check_output([sys.executable, "-c", SHOW], env=theirs | given, text=True)
    assert said.split() == expected.split()


@pytest.mark.parametrize(
    ("given", "is_nameless"),
    [
        ({}, False),
        ({"HOST": "192.168.1.20"}, False),
        ({"HOST": "::"}, True),
        ({"HOST": "::", "PUBLIC_URL": "http://a.test"}, False),
        ({"HOST": "::", "ALLOWED_HOSTS": "a.test"}, False),
    ],
)
def test_who_serves_other_machines_is_told_to_name_this_one(
    given: dict[str, str], is_nameless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in OURS:
        monkeypatch.setenv(name, given.get(name, ""))
    assert Address.from_environment().is_nameless is is_nameless


@pytest.mark.parametrize("url", ["chat.example.org", "ftp://chat.example.org", "https://chat.example.org/voliere"])
def test_a_public_address_that_cannot_be_one_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", url)
    with pytest.raises(StartError, match=r"PUBLIC_URL must look like https://chat\.example\.org"):
        Address.from_environment()
