"""One model on several servers: who is asked, and who instead when one cannot answer."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Membership, Team
from gateway import completions, exceptions, health
from gateway.callers import Caller
from gateway.models import Alias, Call, Deployment, Occupancy, Purpose, Quota, Upstream, Usage
from gateway.routing import body_for
from tests.fake_upstream import FakeUpstream

QUESTION: dict[str, Any] = {"model": "parrot", "messages": [{"role": "user", "content": "Piep?"}], "max_tokens": 20}


@pytest.fixture
def second_upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as server:
        yield server


@pytest.fixture
def second(aviary: Upstream, second_upstream: FakeUpstream) -> Deployment:
    """Another parrot, asked when the first is full or fails."""
    upstream = Upstream.objects.create(name="second", base_url=second_upstream.url)
    return Deployment.objects.create(upstream=upstream, name="parrot", model="parrot-2", priority=1)


async def text_of(caller: Caller, body: dict[str, Any] = QUESTION) -> str:
    pieces = [piece async for piece in completions.stream(caller, body, purpose=Purpose.API)]
    return "".join(choice["delta"].get("content") or "" for piece in pieces for choice in piece["choices"])


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
async def test_another_server_answers_when_one_cannot(
    caller: Caller, second: Deployment, fake_upstream: FakeUpstream, second_upstream: FakeUpstream, status: int
) -> None:
    fake_upstream.fail(status)
    second_upstream.reply("Von der zweiten.")
    assert await text_of(caller) == "Von der zweiten."
    usage = await Usage.objects.aget()
    assert (usage.deployment_id, usage.status) == (second.pk, "done")
    assert second_upstream.calls[0].body["model"] == "parrot-2"
    assert {row.running async for row in Occupancy.objects.all()} == {0}


async def test_the_same_when_nothing_is_streamed(
    caller: Caller, second: Deployment, fake_upstream: FakeUpstream, second_upstream: FakeUpstream
) -> None:
    fake_upstream.fail(500)
    answer = await completions.complete(caller, QUESTION, purpose=Purpose.API)
    assert (answer["model"], len(second_upstream.calls)) == ("parrot", 1)


async def test_another_server_answers_where_an_error_looks_like_success(
    caller: Caller, second: Deployment, fake_upstream: FakeUpstream, second_upstream: FakeUpstream
) -> None:
    fake_upstream.send(b'{"error": "the model has crashed"}', content_type="application/json")
    assert await completions.complete(caller, QUESTION, purpose=Purpose.API)
    assert len(second_upstream.calls) == 1


@pytest.mark.parametrize(
    ("words", "code", "failures"),
    [("model 'wren' not found", "model_gone", 0), ("404 page not found", "upstream_error", 1)],
)
async def test_a_model_that_is_gone_is_no_illness_of_its_server(
    caller: Caller, parrot: Deployment, fake_upstream: FakeUpstream, words: str, code: str, failures: int
) -> None:
    fake_upstream.fail(404, words)
    with pytest.raises(exceptions.UpstreamError) as failed:
        await text_of(caller)
    assert failed.value.code == code
    assert (await Upstream.objects.aget(pk=parrot.upstream_id)).failures == failures


async def test_after_the_first_word_nobody_is_asked_again(
    caller: Caller, second: Deployment, fake_upstream: FakeUpstream, second_upstream: FakeUpstream
) -> None:
    fake_upstream.reply("eins zwei drei", break_after=1)
    with pytest.raises(exceptions.UpstreamBroken):
        await text_of(caller)
    assert second_upstream.calls == []


async def test_what_one_server_refuses_is_not_asked_of_another(
    caller: Caller, second: Deployment, fake_upstream: FakeUpstream, second_upstream: FakeUpstream
) -> None:
    fake_upstream.fail(400, param="temperature")
    with pytest.raises(exceptions.UpstreamRefused):
        await text_of(caller)
    assert second_upstream.calls == []


async def test_when_all_fail_the_last_error_is_told_and_nothing_is_charged(
    caller: Caller, second: Deployment, fake_upstream: FakeUpstream, second_upstream: FakeUpstream
) -> None:
    quota = await Quota.objects.acreate(limit=1000)
    fake_upstream.fail(500)
    second_upstream.fail(503)
    with pytest.raises(exceptions.UpstreamBusy):
        await text_of(caller)
    await quota.arefresh_from_db()
    assert (quota.used, quota.reserved, await Call.objects.acount()) == (0, 0, 0)


async def test_an_ill_server_is_left_alone_until_it_has_cooled_down(
    caller: Caller, second: Deployment, fake_upstream: FakeUpstream, second_upstream: FakeUpstream
) -> None:
    fake_upstream.fail(500)
    await text_of(caller)
    await text_of(caller)
    assert (len(fake_upstream.calls), len(second_upstream.calls)) == (1, 2)
    aviary = await Upstream.objects.aget(name="aviary")
    assert (aviary.failures, aviary.failure) == (1, "upstream_error")
    health.forget()
    await Upstream.objects.aupdate(cooling_until=None)
    await text_of(caller)
    await aviary.arefresh_from_db()
    assert (len(fake_upstream.calls), aviary.failures) == (2, 0)


async def test_the_only_server_is_asked_even_while_it_cools(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.fail(500)
    with contextlib.suppress(exceptions.UpstreamError):
        await text_of(caller)
    assert await text_of(caller)


async def test_the_fallback_answers_under_its_own_name(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream, second_upstream: FakeUpstream
) -> None:
    upstream = await Upstream.objects.acreate(name="spare", base_url=second_upstream.url)
    wren = await Deployment.objects.acreate(upstream=upstream, name="wren", model="wren")
    await Deployment.objects.filter(name="parrot").aupdate(fallback=wren)
    fake_upstream.fail(500)
    answer = await completions.complete(caller, QUESTION, purpose=Purpose.API)
    assert (answer["model"], (await Usage.objects.aget()).model) == ("wren", "wren")


@pytest.mark.parametrize("unit", [Quota.Unit.REQUESTS, Quota.Unit.TOKENS, Quota.Unit.PARALLEL])
async def test_a_call_moves_to_no_server_whose_own_quota_is_spent(
    caller: Caller, second: Deployment, fake_upstream: FakeUpstream, second_upstream: FakeUpstream, unit: Quota.Unit
) -> None:
    quota = await Quota.objects.acreate(deployment=second, limit=0, unit=unit)
    fake_upstream.fail(500)
    with pytest.raises(exceptions.UpstreamError):
        await text_of(caller)
    await quota.arefresh_from_db()
    assert (second_upstream.calls, quota.reserved, await Call.objects.acount()) == ([], 0, 0)


@pytest.fixture
def spare(parrot: Deployment, second_upstream: FakeUpstream) -> Deployment:
    """Instead of the parrot, at a price."""
    upstream = Upstream.objects.create(name="spare", base_url=second_upstream.url)
    spare = Deployment.objects.create(upstream=upstream, name="spare", model="spare", output_price=1_000)
    Deployment.objects.filter(pk=parrot.pk).update(fallback=spare)
    return spare


async def test_the_fallback_counts_on_its_own_quota(
    caller: Caller, spare: Deployment, fake_upstream: FakeUpstream
) -> None:
    quota = await Quota.objects.acreate(deployment=spare, limit=1, unit=Quota.Unit.REQUESTS)
    fake_upstream.fail(500)
    fake_upstream.fail(500)
    assert await text_of(caller)
    with pytest.raises(exceptions.UpstreamError):
        await text_of(caller)
    await quota.arefresh_from_db()
    assert (quota.used, quota.reserved) == (1, 0)


@pytest.mark.parametrize(("balance", "is_enough"), [(20_000, True), (19_999, False)])
async def test_a_dearer_fallback_needs_the_money_for_it(
    caller: Caller, spare: Deployment, fake_upstream: FakeUpstream, balance: int, is_enough: bool
) -> None:
    quota = await Quota.objects.acreate(limit=balance, unit=Quota.Unit.COST, period=Quota.Period.TOTAL)
    fake_upstream.fail(500)
    with contextlib.nullcontext() if is_enough else pytest.raises(exceptions.UpstreamError):
        assert await text_of(caller)
    await quota.arefresh_from_db()
    assert (quota.used > 0, quota.reserved) == (is_enough, 0)


async def test_a_full_server_hands_over_to_the_next_rank(
    caller: Caller, second: Deployment, fake_upstream: FakeUpstream, second_upstream: FakeUpstream
) -> None:
    await Deployment.objects.filter(upstream__name="aviary").aupdate(slots=1)
    fake_upstream.reply("eins " * 20, delay=0.05)
    first = asyncio.create_task(text_of(caller))
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: server.calls)
    await text_of(caller)
    assert len(second_upstream.calls) == 1
    await first


async def test_a_model_answers_to_its_alias(caller: Caller, aviary: Upstream) -> None:
    await Alias.objects.acreate(name="gpt-4o", target="parrot")
    assert await text_of(caller, QUESTION | {"model": "gpt-4o"})
    assert (await Usage.objects.aget()).model == "parrot"


async def test_a_model_for_one_team_is_not_there_for_others(caller: Caller, parrot: Deployment) -> None:
    team = await Team.objects.acreate(name="finches")
    await parrot.teams.aadd(team)
    with pytest.raises(exceptions.UnknownModel):
        await text_of(caller)
    await Membership.objects.acreate(team=team, user=caller.user)
    assert await text_of(caller)


async def test_defaults_fill_in_and_limits_hold(
    caller: Caller, parrot: Deployment, fake_upstream: FakeUpstream
) -> None:
    await Deployment.objects.filter(pk=parrot.pk).aupdate(
        defaults={"temperature": 0.1, "top_p": 0.5}, max_output_tokens=9
    )
    await text_of(caller, QUESTION | {"top_p": 0.9})
    await text_of(caller, {"model": "parrot", "messages": QUESTION["messages"]})
    bodies = [
        {name: call.body.get(name) for name in ("temperature", "top_p", "max_tokens")} for call in fake_upstream.calls
    ]
    assert bodies == [
        {"temperature": 0.1, "top_p": 0.9, "max_tokens": 9},
        {"temperature": 0.1, "top_p": 0.5, "max_tokens": 9},
    ]


async def test_a_developer_is_the_system_to_a_server_of_ones_own(
    caller: Caller, parrot: Deployment, fake_upstream: FakeUpstream
) -> None:
    said = [{"role": "developer", "content": "Be brief."}, *QUESTION["messages"]]
    await text_of(caller, QUESTION | {"messages": said})
    assert [message["role"] for message in fake_upstream.calls[0].body["messages"]] == ["system", "user"]
    elsewhere = Deployment(upstream=Upstream(base_url="https://models.example.org/v1"), model="x")
    assert body_for(elsewhere, "/chat/completions", {"messages": said})["messages"] == said


MANY = {"max_completion_tokens": 10}


@pytest.mark.parametrize(
    ("path", "in_house", "body", "defaults", "longest", "sent"),
    [
        ("/chat/completions", True, MANY, {}, None, {"max_tokens": 10}),
        ("/chat/completions", True, MANY | {"max_tokens": 30}, {}, None, {"max_tokens": 10}),
        ("/chat/completions", False, MANY, {"max_tokens": 20}, None, MANY),
        ("/chat/completions", False, MANY, {}, 5, {"max_completion_tokens": 5}),
        ("/chat/completions", False, {"max_tokens": 30}, {"max_completion_tokens": 20}, 50, {"max_tokens": 30}),
        ("/chat/completions", True, {}, {"max_completion_tokens": 20}, 50, {"max_tokens": 20}),
        ("/chat/completions", False, {}, {"max_completion_tokens": 20}, 50, {"max_completion_tokens": 20}),
        ("/chat/completions", True, {}, {}, None, {}),
        ("/completions", True, {}, {}, 5, {"max_tokens": 5}),
        ("/responses", True, {}, {"max_tokens": 20}, 50, {"max_output_tokens": 20}),
        ("/responses", True, {"max_output_tokens": 90}, {"max_tokens": 20}, 50, {"max_output_tokens": 50}),
        ("/embeddings", True, {}, {"max_tokens": 20}, 50, {}),
    ],
)
def test_the_longest_answer_is_said_once_and_as_the_server_understands_it(
    path: str, in_house: bool, body: dict[str, Any], defaults: dict[str, Any], longest: int | None, sent: dict[str, int]
) -> None:
    upstream = Upstream(name="nest", base_url="https://models.example.org/v1", in_house=in_house)
    deployment = Deployment(upstream=upstream, model="wren", defaults=defaults, max_output_tokens=longest)
    found = body_for(deployment, path, body | {"messages": []})
    assert found == sent | {"model": "wren", "messages": []}
