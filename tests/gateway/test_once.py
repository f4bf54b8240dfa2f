"""A form whose answer shows a secret, sent again by reloading that answer."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from gateway.models import ApiKey, Webhook
from tests.conftest import client_of

HOOK = {"name": "n8n", "url": "https://n8n.example.org/hook"}
KEY = {"name": "report", "scopes": ["chat"]}
PAGES = {
    "keys:create": KEY | {"lasts": "never"},
    "webhooks:create": HOOK | {"events": ["document.ready"]},
    "admin:gateway_apikey_add": KEY,
    "admin:gateway_webhook_add": HOOK | {"events": ["upstream.down"]},
}


@pytest.fixture
def root(db: None) -> Client:
    return client_of(User.objects.create_superuser("root@example.org", name="Root"))


def made() -> int:
    return ApiKey.objects.count() + Webhook.objects.count()


def word(client: Client, page: str) -> str:
    [found] = re.findall(r'name="once" value="([^"]+)"', client.get(reverse(page)).text)
    return str(found)


@pytest.mark.parametrize("page", PAGES)
def test_it_makes_nothing_a_second_time(root: Client, page: str) -> None:
    sent = PAGES[page] | {"user": root.session["_auth_user_id"], "once": word(root, page)}
    assert "not shown again" in root.post(reverse(page), sent).text
    assert "is there already" in root.post(reverse(page), sent, follow=True).text
    assert made() == 1


@pytest.mark.parametrize("page", PAGES)
def test_another_page_makes_another(root: Client, page: str) -> None:
    for _ in range(2):
        sent = PAGES[page] | {"user": root.session["_auth_user_id"], "once": word(root, page)}
        assert "not shown again" in root.post(reverse(page), sent).text
    assert made() == 2


@pytest.mark.parametrize("page", PAGES)
def test_what_was_refused_is_sent_again_mended(root: Client, page: str) -> None:
    sent = PAGES[page] | {"user": root.session["_auth_user_id"], "once": word(root, page)}
    refused = root.post(reverse(page), sent | {"name": ""})
    assert f'value="{sent["once"]}"' in refused.text and made() == 0
    assert "not shown again" in root.post(reverse(page), sent).text


def test_who_sends_no_word_or_a_hostile_one_gets_a_key_each(root: Client) -> None:
    for once in ("", "", "x" * 1_000_000):
        assert "not shown again" in root.post(reverse("keys:create"), PAGES["keys:create"] | {"once": once}).text
    assert made() == 3 and len(str(dict(root.session))) < 1_000
