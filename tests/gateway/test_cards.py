"""What somebody who chooses a model is told: place, state, and speed out of the ledger."""

import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import Team, User
from gateway.cards import Card, Place, State, cards
from gateway.models import Deployment, Upstream, Usage
from gateway.speeds import Speed

pytestmark = pytest.mark.django_db


def serve(name: str = "wren", upstream: str = "aviary", in_house: bool = True, **fields: object) -> Deployment:
    server, _ = Upstream.objects.get_or_create(
        name=upstream, defaults={"base_url": "http://wren.example.org/v1", "in_house": in_house}
    )
    return Deployment.objects.create(upstream=server, name=name, model=f"{name}-{uuid.uuid4().hex}", **fields)


def card_of(user: User) -> Card:
    cache.clear()
    [card] = cards(user)
    return card


def used(deployment: Deployment, first: int, duration: int, tokens: int, queued: int = 0, **fields: object) -> None:
    usual = {"status": "done", "purpose": "chat", "model": deployment.name, "input_tokens": 1}
    spent = {"first_token_ms": first, "duration_ms": duration, "output_tokens": tokens, "queued_ms": queued}
    started = {"started_at": timezone.now() - timedelta(minutes=1)}
    Usage.objects.create(id=uuid.uuid4(), deployment_id=deployment.pk, **{**usual, **spent, **started, **fields})


def test_a_card_tells_where_a_model_runs(alice: User) -> None:
    serve(licence="Apache-2.0")
    assert (card_of(alice).place, card_of(alice).state, card_of(alice).speed) == (Place.IN_HOUSE, State.ANSWERS, None)
    serve(upstream="cloud", in_house=False)
    assert card_of(alice).place == Place.PARTLY
    Upstream.objects.update(in_house=False)
    assert card_of(alice).place == Place.OUTSIDE


def test_a_model_is_down_when_all_that_serve_it_are(alice: User) -> None:
    serve(), serve(upstream="second")
    Upstream.objects.filter(name="aviary").update(failures=1)
    assert card_of(alice).state == State.ANSWERS
    Upstream.objects.update(cooling_until=timezone.now() + timedelta(minutes=1))
    assert card_of(alice).state == State.DOWN
    Upstream.objects.update(cooling_until=None, failures=0)
    Deployment.objects.update(missing_since=timezone.now())
    assert card_of(alice).state == State.MISSING


def test_a_card_is_shown_to_those_the_model_is_for(alice: User) -> None:
    serve().teams.add(Team.objects.create(name="Board"))
    assert cards(alice) == []


def test_the_speed_is_the_median_of_what_was_answered_lately(alice: User) -> None:
    wren = serve()
    for rate in (10, 20, 30, 40, 500):
        used(wren, first=700, queued=200, duration=1_700, tokens=max(16, rate))
    used(wren, first=9_000, duration=10_000, tokens=1, status="failed")
    used(wren, first=1, duration=1, tokens=900)  # came at once
    used(wren, first=9_000, duration=10_000, tokens=16, started_at=timezone.now() - timedelta(days=8))
    assert card_of(alice).speed == Speed(first_token_ms=500, tokens_per_second=30.0)


def test_few_answers_say_nothing_of_the_speed(alice: User) -> None:
    wren = serve()
    for _ in range(4):
        used(wren, first=700, duration=1_700, tokens=20)
    assert card_of(alice).speed is None


def test_the_cards_take_a_few_queries(alice: User, django_assert_max_num_queries: object) -> None:
    for i in range(20):
        serve(f"wren-{i}")
    cache.clear()
    with django_assert_max_num_queries(3):  # type: ignore[operator]
        assert len(cards(alice)) == 20


def test_the_page_tells_it_and_works_without_script(alice: User, alices_client: Client) -> None:
    serve(licence="<i>Apache", size="24B", quantisation="Q4", context_length=32_768, openness="weights", origin="Wald")
    page = alices_client.get("/").content.decode()
    assert '<option value="wren" selected>wren · in the house</option>' in page
    for fact in ("aviary", "open weights", "&lt;i&gt;Apache", "24B", "Q4", "reads 32,768 tokens", "Wald"):
        assert fact in page


@pytest.mark.parametrize("address", ["javascript:alert(1)", "wren.example.org", "http://"])
def test_a_card_leads_to_a_web_page_alone(address: str) -> None:
    with pytest.raises(ValidationError):
        serve(card=address).full_clean()
