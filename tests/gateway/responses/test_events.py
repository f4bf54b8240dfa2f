"""A streamed chat completion as typed events."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.exceptions import RateLimited, UpstreamBroken, UpstreamTimeout
from gateway.responses import encoded, events
from tests.gateway.responses.chunks import ASK, Chunk, called, chunk, counted, heard, pieces, valid

Event = dict[str, Any]


def kinds(found: list[Event]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in found]


def test_a_text_is_told_from_its_beginning_to_its_end() -> None:
    found = heard(
        [chunk(role="assistant", content=""), chunk(content="Um "), chunk("stop", content="neun."), counted()]
    )
    assert kinds(found) == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *("output_text.delta", "output_text.delta"),
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]
    assert found[6]["text"] == "Um neun."
    assert found[-1]["response"]["usage"]["total_tokens"] == 12


def test_a_server_that_does_not_count_leaves_the_usage_open() -> None:
    assert heard([chunk("stop", content="Neun.")])[-1]["response"]["usage"] is None


def test_who_asks_for_a_summary_gets_the_thoughts_as_one() -> None:
    chunks = [chunk(reasoning_content="Hm, "), chunk(reasoning_content="neun."), chunk("stop", content="Um neun.")]
    found = heard(chunks, reasoning={"summary": "auto"})
    assert kinds(found)[2:8] == [
        *("output_item.added", "reasoning_summary_part.added"),
        *("reasoning_summary_text.delta", "reasoning_summary_text.delta"),
        *("reasoning_summary_text.done", "reasoning_summary_part.done"),
    ]
    thought, _ = valid(found[-1]["response"]).output
    assert thought.type == "reasoning" and thought.summary[0].text == "Hm, neun." and not thought.content


def test_thoughts_are_over_before_the_text_begins() -> None:
    found = heard([chunk(reasoning_content="Hm."), chunk(content="Neun."), chunk("stop")])
    assert kinds(found)[2:9] == [
        *("output_item.added", "content_part.added", "reasoning_text.delta"),
        *("reasoning_text.done", "content_part.done", "output_item.done", "output_item.added"),
    ]
    assert [item["type"] for item in found[-1]["response"]["output"]] == ["reasoning", "message"]


def test_calls_told_in_turns_are_kept_apart() -> None:
    chunks = [
        chunk(tool_calls=[called(0, id="call_a", name="weather"), called(1, id="call_b", name="time")]),
        chunk(tool_calls=[called(1, "[1")]),
        chunk(tool_calls=[called(0, "[0]"), called(1, ",1]")]),
        chunk("tool_calls"),
    ]
    first, second = valid(heard(chunks)[-1]["response"]).output
    assert (first.call_id, first.name, first.arguments) == ("call_a", "weather", "[0]")
    assert (second.call_id, second.name, second.arguments) == ("call_b", "time", "[1,1]")


def test_calls_that_a_server_all_numbers_nought_are_kept_apart() -> None:
    chunks = [chunk(tool_calls=[called(0, "{}", id=f"call_{name}", name=name)]) for name in ("a", "b")]
    assert [item["call_id"] for item in heard(chunks)[-1]["response"]["output"]] == ["call_a", "call_b"]


def test_a_call_without_a_name_for_itself_gets_one() -> None:
    chunks = [chunk(tool_calls=[called(0, "{}", name="a"), called(1, "{}", name="b")])]
    first, second = (item["call_id"] for item in heard(chunks)[-1]["response"]["output"])
    assert first != second and first.startswith("call_")


def test_a_name_given_to_two_calls_stays_with_the_first() -> None:
    chunks = [chunk(tool_calls=[called(index, "{}", id="call_0", name="a")]) for index in (0, 1)]
    first, second = (item["call_id"] for item in heard(chunks)[-1]["response"]["output"])
    assert first == "call_0" != second


def test_a_text_after_a_call_is_a_message_of_its_own() -> None:
    chunks = [chunk(content="a"), chunk(tool_calls=[called(0, "{}", id="x", name="y")]), chunk("stop", content="b")]
    assert [item["type"] for item in heard(chunks)[-1]["response"]["output"]] == ["message", "function_call", "message"]


def test_a_refusal_after_a_text_is_another_part_of_the_message() -> None:
    message = heard([chunk(content="I "), chunk("stop", refusal="won't.")])[-1]["response"]["output"][0]
    assert [part["type"] for part in message["content"]] == ["output_text", "refusal"]


def test_only_the_item_at_which_it_was_cut_is_incomplete() -> None:
    chunks = [chunk(content="Um"), chunk("length", tool_calls=[called(0, '{"to', id="x", name="y")])]
    last = heard(chunks)[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert [item["status"] for item in last["response"]["output"]] == ["completed", "incomplete"]


def test_a_call_before_the_text_that_was_cut_is_complete() -> None:
    chunks = [chunk(tool_calls=[called(0, "{}", id="x", name="y")]), chunk("length", content="Um")]
    assert [item["status"] for item in heard(chunks)[-1]["response"]["output"]] == ["completed", "incomplete"]


def test_an_error_in_the_middle_is_told_after_what_there_is() -> None:
    *_, failed, error = heard([chunk(content="Um ")], UpstreamTimeout())
    assert failed["type"] == "response.failed" and failed["response"]["error"]["code"] == "server_error"
    assert failed["response"]["output"][0]["content"][0]["text"] == "Um "
    assert (error["type"], error["code"]) == ("error", "upstream_timeout")


def test_a_used_up_quota_in_the_middle_is_told_as_a_limit() -> None:
    assert heard([chunk(content="Um ")], RateLimited("Slow."))[-2]["response"]["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize("error", [None, UpstreamBroken()])
def test_an_error_before_the_first_piece_is_raised(error: UpstreamBroken | None) -> None:
    with pytest.raises(UpstreamBroken):
        asyncio.run(anext(events(ASK, pieces([], error))))


def test_an_event_is_named_and_stays_on_its_line() -> None:
    raw = encoded({"type": "error", "message": "a\n\nb\u2028ü"})
    name, data, *rest = raw.split(b"\n")
    assert name == b"event: error" and rest == [b"", b""] and b"\r" not in raw
    assert json.loads(data.removeprefix(b"data: ")) == {"type": "error", "message": "a\n\nb\u2028ü"}


@pytest.mark.parametrize("delta", [None, [], "x", {"content": [1]}, {"tool_calls": "x"}, {"tool_calls": [None]}])
def test_a_delta_of_no_known_shape_says_nothing(delta: Any) -> None:
    odd = chunk()
    odd["choices"][0]["delta"] = delta
    assert heard([odd, chunk("stop")])[-1]["response"]["output"] == []


# --- whatever the order ----------------------------------------------------------------------------------------------

texts = st.none() | st.text(max_size=3)
calls = st.builds(
    lambda index, text: called(index, text, id=f"call_{index}", name="f"), st.integers(0, 3), st.text(max_size=3)
)
deltas = st.fixed_dictionaries(
    {},
    optional={
        "role": st.just("assistant"),
        "content": texts,
        "reasoning_content": texts,
        "refusal": texts,
        "tool_calls": st.lists(calls, max_size=3),
    },
)
endings = st.sampled_from(["stop", "length", "tool_calls", "content_filter"]).map(chunk)


@st.composite
def streams(draw: st.DrawFn) -> list[Chunk]:
    chunks = [chunk(**delta) for delta in draw(st.lists(deltas, max_size=12))]
    return [*chunks, draw(endings), *draw(st.sampled_from([[], [counted()]]))]


def said(chunks: list[Chunk], name: str) -> str:
    found = (piece["choices"][0]["delta"].get(name) for piece in chunks if piece["choices"])
    return "".join(text for text in found if text)


def arguments(chunks: list[Chunk]) -> dict[str, str]:
    found: dict[str, str] = {}
    for piece in chunks:
        for choice in piece["choices"]:
            for call in choice["delta"].get("tool_calls", ()):
                found[call["id"]] = found.get(call["id"], "") + call["function"]["arguments"]
    return found


def added_up(found: list[Event]) -> list[Event]:
    """The items as a client gathers them, by added and delta events only."""
    items: list[Event] = []
    for event in found:
        kind = event["type"]
        if kind == "response.output_item.added":
            assert event["output_index"] == len(items)
            items.append(json.loads(json.dumps(event["item"])))
        elif kind == "response.content_part.added":
            assert event["content_index"] == len(items[event["output_index"]]["content"])
            items[event["output_index"]]["content"].append(dict(event["part"]))
        elif kind == "response.function_call_arguments.delta":
            items[event["output_index"]]["arguments"] += event["delta"]
        elif kind.endswith(".delta"):
            part = items[event["output_index"]]["content"][event["content_index"]]
            part["refusal" if "refusal" in part else "text"] += event["delta"]
    return items


@given(streams())
@settings(deadline=None)
def test_the_final_response_is_what_the_deltas_add_up_to(chunks: list[Chunk]) -> None:
    found = heard(chunks)
    output = found[-1]["response"]["output"]
    assert [item | {"status": ""} for item in added_up(found)] == [item | {"status": ""} for item in output]
    parts = [part for item in output for part in item.get("content", ())]
    for name, kind in (("content", "output_text"), ("refusal", "refusal"), ("reasoning_content", "reasoning_text")):
        told = [part.get("text", part.get("refusal")) for part in parts if part["type"] == kind]
        assert "".join(told) == said(chunks, name)
    calls = [item for item in output if item["type"] == "function_call"]
    assert {item["call_id"]: item["arguments"] for item in calls} == arguments(chunks)


@given(streams())
@settings(deadline=None)
def test_everything_that_is_begun_is_done_once(chunks: list[Chunk]) -> None:
    found = heard(chunks)
    for begun, done in (("output_item.added", "output_item.done"), ("content_part.added", "content_part.done")):
        places = [
            sorted((event["output_index"], event.get("content_index", 0)) for event in found if event["type"] == kind)
            for kind in (f"response.{begun}", f"response.{done}")
        ]
        assert places[0] == places[1] == sorted(set(places[0]))
    done = {event["output_index"]: event["item"] for event in found if event["type"] == "response.output_item.done"}
    assert [done[index] for index in range(len(done))] == found[-1]["response"]["output"]
