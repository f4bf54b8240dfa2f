"""A receiver on the internet, and somebody who wants to be told."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Membership, Team, User
from config.telling import TELLERS
from gateway import deliveries
from gateway.models import Delivery, Event, Webhook
from tests.outside import PUBLIC, Names, Server, inside, names, outside

__all__ = ["inside", "names", "outside"]

Hooked = Callable[..., Webhook]


@pytest.fixture
def integrators(db: None, alice: User, bob: User) -> Team:
    """Alice and Bob may have keys and webhooks."""
    team = Team.objects.create(name="Technik", may_create_keys=True)
    for user in (alice, bob):
        Membership.objects.create(user=user, team=team)
    return team


@pytest.fixture
def hooked(outside: Server, names: Names, integrators: Team) -> Hooked:
    names.say("hooks.example.org", [PUBLIC])

    def made(user: User, *events: Event, **fields: Any) -> Webhook:
        url = f"http://hooks.example.org:{outside.port}/in"
        webhook = Webhook(user=user, **{"name": "n8n", "url": url, "events": list(events or Event), **fields})
        webhook.issue()
        return webhook

    return made


@pytest.fixture
def hook(hooked: Hooked, alice: User) -> Webhook:
    return hooked(alice)


def deliver(at_once: bool = True) -> int:
    """One round, of which all that waits is due."""
    if at_once:
        Delivery.objects.filter(state="waiting").update(next_at=timezone.now())
    return deliveries.deliver_due(TELLERS)


def received(server: Server) -> list[dict[str, Any]]:
    return [json.loads(body) for _method, _path, _headers, body in server.asked]
