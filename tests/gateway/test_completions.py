"""The path of a call, from the question to the settled row."""

import asyncio
import contextlib
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gateway import completions, connections, exceptions, leases, settling
from gateway.callers import Caller
from gateway.database import in_database
from gateway.metering import Estimate, Meter
from gateway.models import Call, Deployment, Purpose, Quota, Upstream, Usage
from tests.fake_upstream import DEFAULT_TEXT, FakeUpstream
from tests.gateway.booking import reserve, settle

QUESTION = {"model": "parrot", "messages": [{"role": "user", "content": "Wann öffnet die Voliere?"}]}
LONG = " ".join(["piep"] * 200)


async def streamed(caller: Caller, body: dict[str, Any] = QUESTION) -> list[dict[str, Any]]:
    return [piece async for piece in completions.stream(caller, body, purpose=Purpose.CHAT)]


def text_of(pieces: list[dict[str, Any]]) -> str:
    return "".join(choice["delta"].get("content", "") for piece in pieces for choice in piece["choices"])


async def usage() -> Usage:
    return await Usage.objects.aget()


async def left(fake_upstream: FakeUpstream) -> float:
    """Wait until the upstream has noticed that nobody listens; return when that was."""
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: server.calls[0].disconnected_at)
    return fake_upstream.calls[0].disconnected_at or 0


async def test_an_answer_comes_in_pieces_and_ends_with_usage(caller: Caller, aviary: Upstream) -> None:
    pieces = await streamed(caller)
    assert text_of(pieces) == DEFAULT_TEXT
    assert pieces[-1]["choices"] == []
    assert pieces[-1]["usage"] == {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    assert not any("usage" in piece for piece in pieces[:-1])


async def test_the_usage_of_the_upstream_is_what_counts(caller: Caller, aviary: Upstream) -> None:
    quota = await Quota.objects.acreate(limit=10_000)
    await streamed(caller)
    row = await usage()
    await quota.arefresh_from_db()
    assert (row.status, row.input_tokens, row.output_tokens, row.estimated) == ("done", 7, 5, False)
    assert (quota.used, quota.reserved) == (12, 0)
    assert row.first_token_ms is not None and row.first_token_ms <= row.duration_ms


async def test_the_call_is_settled_before_the_last_piece(caller: Caller, aviary: Upstream) -> None:
    async with contextlib.aclosing(completions.stream(caller, QUESTION, purpose=Purpose.CHAT)) as pieces:
        async for piece in pieces:
            if "usage" in piece:
                assert (await usage()).status == "done"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"prompt_tokens": 0, "completion_tokens": 0}, (0, 0, False)),
        ({"prompt_tokens": -3, "completion_tokens": 5}, (11, 5, True)),
        ({"prompt_tokens": 9, "completion_tokens": "many"}, (9, 5, True)),
        ({"prompt_tokens": True, "completion_tokens": 10**30}, (11, 5, True)),
        ([1, 2], (11, 5, True)),
        (None, (11, 5, True)),
    ],
)
async def test_only_a_sane_figure_is_one(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream, told: object, expected: tuple[int, int, bool]
) -> None:
    fake_upstream.reply(usage=told)
    await streamed(caller)
    row = await usage()
    assert (row.input_tokens, row.output_tokens, row.estimated) == expected


async def test_the_upstream_is_asked_for_its_own_name_and_usage(
    caller: Caller, parrot: Deployment, fake_upstream: FakeUpstream
) -> None:
    parrot.name = "Papagei"
    await parrot.asave()
    pieces = await streamed(caller, QUESTION | {"model": "Papagei"})
    [request] = fake_upstream.calls
    assert {piece["model"] for piece in pieces} == {"Papagei"}
    assert request.body["model"] == "parrot"
    assert request.body["stream_options"] == {"include_usage": True}
    assert request.headers["authorization"] == "Bearer upstream-secret"


async def test_hostile_fields_stay_here(caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream) -> None:
    hostile = {"api_base": "http://elsewhere", "extra_headers": {"x": "y"}, "model_list": [], "user": "alice"}
    await streamed(caller, QUESTION | hostile | {"temperature": 0.5})
    body = fake_upstream.calls[0].body
    assert body.keys() == {"model", "messages", "stream", "stream_options", "temperature"}


async def test_without_a_name_the_default_answers(caller: Caller, aviary: Upstream) -> None:
    assert text_of(await streamed(caller, {"messages": QUESTION["messages"]})) == DEFAULT_TEXT


async def test_leaving_early_stops_the_upstream_and_charges_what_was_relayed(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.reply(LONG, delay=0.02)
    quota = await Quota.objects.acreate(limit=10_000)
    pieces, seen = completions.stream(caller, QUESTION, purpose=Purpose.CHAT), 0
    async for piece in pieces:
        seen += bool(text_of([piece]))
        if seen == 5:
            break
    await pieces.aclose()
    row = await usage()
    await quota.arefresh_from_db()
    assert (row.status, row.input_tokens, row.output_tokens, row.estimated) == ("aborted", 11, 5, True)
    assert (quota.used, quota.reserved) == (16, 0)
    began = time.monotonic()
    assert await left(fake_upstream) - began < 2
    assert fake_upstream.calls[0].tokens_sent < 10


async def test_cancelling_settles_all_the_same(caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply(LONG, stall_after=3)
    task = asyncio.create_task(streamed(caller))
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: server.calls and server.calls[0].tokens_sent == 3)
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await left(fake_upstream)
    assert ((await usage()).output_tokens, await Call.objects.acount()) == (3, 0)


@pytest.mark.parametrize("after", [0, 0.001, 0.005, 0.01, 0.02, 0.03, 0.05])
async def test_cancelled_at_any_moment_nothing_stays_reserved(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream, after: float
) -> None:
    quota = await Quota.objects.acreate(limit=10_000)
    task = asyncio.create_task(streamed(caller))
    await asyncio.sleep(after)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await in_database(fake_upstream.wait_for, lambda _: not Call.objects.exists())  # it may be on its way to the books
    await quota.arefresh_from_db()
    assert quota.reserved == 0


async def test_an_answer_nobody_holds_any_more_is_settled(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.reply(LONG, stall_after=2)
    pieces = completions.stream(caller, QUESTION, purpose=Purpose.CHAT)
    await anext(pieces)
    del pieces
    await left(fake_upstream)
    await in_database(fake_upstream.wait_for, lambda _: not Call.objects.exists())
    assert (await usage()).status == "aborted"


async def test_many_at_once_under_many_quotas_agree_in_the_end(caller: Caller, parrot: Deployment) -> None:
    for subject in ({}, {"user": caller.user}, {"deployment": parrot}, {}):
        await Quota.objects.acreate(limit=10_000, **subject)
    one_room = await Quota.objects.acreate(limit=7, unit=Quota.Unit.REQUESTS, user=caller.user)
    asked = [completions.complete(caller, QUESTION, purpose=Purpose.API) for _ in range(30)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, exceptions.QuotaExceeded) for answer in answers) == 23
    counted = Quota.objects.exclude(pk=one_room.pk).values_list("used", "reserved")
    assert [row async for row in counted] == [(7 * 12, 0)] * 4


async def test_the_end_and_the_sweep_at_once_settle_once(caller: Caller, parrot: Deployment) -> None:
    quota, meter = await Quota.objects.acreate(limit=100), Meter(3)
    call_id = await in_database(reserve, caller, Estimate(3, 4), name="parrot")
    ends = [in_database(settle, call_id, meter.consumption()) for _ in range(4)]
    sweeps = [in_database(settling.sweep, timezone.now() + timedelta(minutes=5)) for _ in range(4)]
    assert sum(await asyncio.gather(*ends, *sweeps)) == 1
    await quota.arefresh_from_db()
    assert (quota.used, quota.reserved, await Usage.objects.acount()) == (3, 0, 1)


async def test_a_refusal_of_the_quota_reaches_no_upstream(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream
) -> None:
    await Quota.objects.acreate(user=caller.user, limit=1)
    with pytest.raises(exceptions.QuotaExceeded):
        await streamed(caller)
    assert fake_upstream.calls == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, exceptions.UpstreamError),
        (400, exceptions.UpstreamRefused),
        (401, exceptions.KeyRefused),
        (403, exceptions.KeyRefused),
        (404, exceptions.UpstreamError),
        (429, exceptions.UpstreamBusy),
        (500, exceptions.UpstreamError),
        (503, exceptions.UpstreamBusy),
        (504, exceptions.UpstreamTimeout),
    ],
)
@pytest.mark.parametrize("ask", [streamed, lambda caller: completions.complete(caller, QUESTION, purpose=Purpose.API)])
async def test_a_refusal_of_the_upstream_has_a_name_and_costs_nothing(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream, status: int, error: type[Exception], ask: Any
) -> None:
    quota = await Quota.objects.acreate(limit=10_000)
    fake_upstream.fail(status, message=f"go to {fake_upstream.url} with upstream-secret")
    with pytest.raises(exceptions.UpstreamError) as failure:
        await ask(caller)
    await quota.arefresh_from_db()
    assert type(failure.value) is error
    assert "127.0.0.1" not in str(failure.value) and "secret" not in str(failure.value)
    assert ((await usage()).status, quota.used, quota.reserved) == ("failed", 0, 0)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, {"code": "context_length_exceeded"}),
        (400, {"message": "maximum context length is 4096"}),
        (400, {"message": "Too long.", "type": "exceed_context_size_error"}),
        (400, {"message": "The prompt is longer than the maximum model length of 4096."}),
        (422, {"message": "`inputs` tokens + `max_new_tokens` must be <= 4096"}),
        (500, {"message": "Context size has been exceeded."}),
    ],
)
async def test_too_long_a_text_is_told_apart(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream, status: int, said: dict[str, str]
) -> None:
    fake_upstream.fail(status, **said)  # type: ignore[arg-type]
    with pytest.raises(exceptions.ContextTooLong):
        await streamed(caller)


async def test_a_field_of_ours_that_the_upstream_refuses_is_named(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.fail(400, param="temperature")
    with pytest.raises(exceptions.UpstreamRefused) as failure:
        await streamed(caller)
    assert failure.value.param == "temperature"


async def test_a_redirect_is_not_followed(caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream) -> None:
    fake_upstream.send(b"", status=307, location=f"{fake_upstream.url}/chat/completions")
    with pytest.raises(exceptions.UpstreamError):
        await streamed(caller)
    assert len(fake_upstream.calls) == 1


PIECE = b'data: {"choices":[{"index":0,"delta":{"content":"Hallo"}}]}\n\n'


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b"", "text/event-stream"),
        (PIECE, "text/event-stream"),
        (PIECE + b'data: {"choices":[{"ind', "text/event-stream"),
        (PIECE + b"data: [DONE]\n\n", "text/event-stream"),
        (b"data: {nonsense}\n\n", "text/event-stream"),
        (b"data: [1, 2]\n\n", "text/event-stream"),
        (b'data: {"choices": "none"}\n\n', "text/event-stream"),
        (b'data: {"choices": [7]}\n\n', "text/event-stream"),
        (b'data: {"choices": [{"delta": {"content": "a"}, "logprobs": NaN}]}\n\n', "text/event-stream"),
        (b"data: \xff\xfe\n\n", "text/event-stream"),
        (PIECE, "text/html"),
        (b'{"choices": []}', "application/json"),
    ],
)
async def test_what_is_no_answer_is_no_answer(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream, raw: bytes, content_type: str
) -> None:
    fake_upstream.send(raw, content_type=content_type)
    with pytest.raises(exceptions.UpstreamBroken):
        await streamed(caller)
    assert ((await usage()).status, await Call.objects.acount()) == ("failed", 0)


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b'{"choices": []}', b'{"choices": {}}', b'{"error": {}}',
                                 b'{"choices": [{"logprobs": -Infinity}]}'])  # fmt: skip
async def test_nor_is_it_at_once(caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream, raw: bytes) -> None:
    fake_upstream.send(raw, content_type="application/json")
    with pytest.raises(exceptions.UpstreamBroken):
        await completions.complete(caller, QUESTION, purpose=Purpose.API)
    assert (await usage()).status == "failed"


async def test_an_answer_cut_off_is_charged_as_far_as_it_came(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.reply(LONG, break_after=4)
    with pytest.raises(exceptions.UpstreamBroken):
        await streamed(caller)
    row = await usage()
    assert (row.status, row.input_tokens, row.output_tokens, row.estimated) == ("failed", 11, 4, True)


async def test_an_error_told_inside_the_stream_is_one(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.send(PIECE + b'data: {"error": {"message": "out of memory at 10.0.0.7"}}\n\n')
    with pytest.raises(exceptions.UpstreamError, match="could not answer"):
        await streamed(caller)


async def test_nobody_listening_is_told_apart(caller: Caller, aviary: Upstream) -> None:
    await Upstream.objects.aupdate(base_url="http://127.0.0.1:9/v1")
    with pytest.raises(exceptions.UpstreamUnreachable):
        await streamed(caller)


async def test_silence_before_the_first_word_ends_in_time(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream
) -> None:
    await Upstream.objects.aupdate(first_token_timeout=1)
    fake_upstream.hang()
    with pytest.raises(exceptions.UpstreamTimeout):
        await streamed(caller)
    await left(fake_upstream)


async def test_silence_between_words_ends_in_time(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream
) -> None:
    await Upstream.objects.aupdate(between_tokens_timeout=1)
    fake_upstream.reply(LONG, stall_after=2)
    with pytest.raises(exceptions.UpstreamTimeout):
        await streamed(caller)
    assert (await usage()).output_tokens == 2


async def test_a_long_answer_keeps_its_lease(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEWAL", 0.05)
    monkeypatch.setattr(leases, "LOOK", 0.05)
    fake_upstream.reply(LONG, delay=0.02)
    pieces = completions.stream(caller, QUESTION, purpose=Purpose.CHAT)
    await anext(pieces)
    first = await Call.objects.aget()
    for _ in range(20):
        await anext(pieces)
    later = await Call.objects.aget()
    await pieces.aclose()
    assert later.lease_until > first.lease_until and later.output_tokens > 0


async def test_all_at_once_is_metered_alike(caller: Caller, aviary: Upstream) -> None:
    answer = await completions.complete(caller, QUESTION, purpose=Purpose.API)
    assert answer["choices"][0]["message"]["content"] == DEFAULT_TEXT
    assert answer["usage"] == {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    assert ((await usage()).status, (await usage()).purpose) == ("done", "api")


@pytest.mark.parametrize("name", ["nobody", "bge-finch"])
async def test_an_unknown_model_or_one_of_another_kind_is_404(caller: Caller, aviary: Upstream, name: str) -> None:
    with pytest.raises(exceptions.UnknownModel):
        await streamed(caller, QUESTION | {"model": name})


@pytest.mark.parametrize("what", [Deployment, Upstream])
async def test_what_is_switched_off_serves_nobody(caller: Caller, aviary: Upstream, what: type[Any]) -> None:
    await what.objects.aupdate(is_active=False)
    with pytest.raises(exceptions.UnknownModel):
        await streamed(caller)


def test_jobs_with_loops_of_their_own_leave_no_connections(caller: Caller, aviary: Upstream) -> None:
    for _ in range(3):
        asyncio.run(completions.complete(caller, QUESTION, purpose=Purpose.API))
    assert sum(loop.is_closed() for loop in connections._sessions) == 1
