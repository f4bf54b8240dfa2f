"""One answer of a model: chunks of a chat completion go in, events come out."""

import time
from collections.abc import Iterator
from typing import Any

from gateway.exceptions import GatewayError
from gateway.grounding import Grounds
from gateway.responses import objects
from gateway.responses.objects import KINDS, PARTS, Call, Object, Part, Searched, Speech
from gateway.responses.tools import wants_results

Event = dict[str, Any]


def response(body: Object, completion: Object, grounds: Grounds | None = None, beside: Object | None = None) -> Object:
    """The whole response of a whole chat completion: what it would end with if all of it came in one chunk."""
    answer = Answer(body, completion, grounds, beside)
    choices = [choice | {"delta": choice.get("message")} for choice in completion["choices"]]
    events = [*answer.told(completion | {"choices": choices}), *answer.ended()]
    whole: Object = events[-1]["response"]
    return whole


class Answer:
    """Texts follow one another; a call stays open to the end, since several may be told in turns."""

    def __init__(
        self, body: Object, first: Object, grounds: Grounds | None = None, beside: Object | None = None
    ) -> None:
        """`beside` is what it tells that no response of OpenAI does."""
        self._head = objects.begun(body, first) | (beside or {})
        self._items: list[Speech | Call | Searched] = []  # by output_index
        self._done: dict[int, Object] = {}  # the same when they are finished
        self._speech: Speech | None = None  # the open one
        self._calls: dict[int, Call] = {}  # by the server's index
        self._cut: str | None = None
        self._usage: Object | None = None
        self._told = 0  # events
        # who asks for a summary looks for thoughts nowhere else
        self._thoughts = "summary_text" if self._head["reasoning"]["summary"] else "reasoning_text"
        self._sources = {source.number: source for source in grounds.sources} if grounds else {}
        if grounds:
            search = Searched(grounds, with_results=wants_results(body))
            self._items.append(search)
            self._done[search.index] = search.item("completed")

    def begun(self) -> Iterator[Event]:
        yield self._event("response.created", response=self._head)
        yield self._event("response.in_progress", response=self._head)
        for item in self._items:
            yield self._event("response.output_item.added", output_index=item.index, item=item.item("in_progress"))
            for state in ("in_progress", "searching", "completed"):
                yield self._event(f"response.file_search_call.{state}", **item.place())
            yield self._event("response.output_item.done", output_index=item.index, item=self._done[item.index])

    def told(self, piece: Object) -> Iterator[Event]:
        if isinstance(usage := piece.get("usage"), dict):
            self._usage = objects.usage(usage)
        if not piece.get("choices"):
            return
        choice = piece["choices"][0]
        self._cut = objects.CUT.get(str(choice.get("finish_reason")), self._cut)
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return
        yield from self._say(self._thoughts, delta.get("reasoning_content") or delta.get("reasoning"))
        yield from self._say("output_text", delta.get("content"), choice.get("logprobs"))
        yield from self._say("refusal", delta.get("refusal"))
        for position, call in enumerate(objects.dicts(delta.get("tool_calls"))):
            yield from self._call(call, position)

    def ended(self) -> Iterator[Event]:
        status = "incomplete" if self._cut else "completed"
        for item in self._items:
            if not isinstance(item, Searched) and item.index not in self._done:
                is_last = item.index == len(self._items) - 1
                yield from self._close(item, status if is_last else "completed")
        now = int(time.time())
        more: Object = {"incomplete_details": {"reason": self._cut}} if self._cut else {"completed_at": now}
        yield self._event(f"response.{status}", response=self._whole(status) | more)

    def failed(self, error: GatewayError) -> Iterator[Event]:
        """The answer so far, then the error: clients raise what has an `error` in it, so that comes last."""
        yield self._event("response.failed", response=self._whole("failed") | {"error": objects.failure(error)})
        told = {"code": error.code, "message": str(error), "param": error.param}
        yield self._event("error", **told, error=told | {"type": objects.failure(error)["code"]})

    def _event(self, kind: str, **fields: Any) -> Event:
        event = {"type": kind, "sequence_number": self._told, **fields}
        self._told += 1
        return event

    def _whole(self, status: str) -> Object:
        output = [self._done.get(item.index) or item.item("incomplete") for item in self._items]
        return self._head | {"status": status, "output": output, "usage": self._usage}

    # --- texts -----------------------------------------------------------------------------------------------------

    def _say(self, name: str, text: object, logprobs: object = None) -> Iterator[Event]:
        if not (text and isinstance(text, str)):
            return
        kind, speech = KINDS[name], self._speech
        if speech is None or speech.type != kind.item:
            speech = Speech(kind.item, len(self._items))
            yield from self._open(speech)
            self._speech = speech
        if not speech.parts or speech.parts[-1].name != name:
            yield from self._close_part(speech)
            speech.parts.append(Part(name))
            yield self._event(f"{PARTS[kind.part]}.added", **speech.place(), part=speech.parts[-1].content())
        part = speech.parts[-1]
        more = {"logprobs": objects.logprobs(logprobs)} if name == "output_text" else {}
        part.written.append(text)
        part.logprobs += more.get("logprobs", ())
        yield self._event(f"{kind.events}.delta", **speech.place(), delta=text, **more)
        yield from self._cite(speech, text)

    def _close_part(self, speech: Speech) -> Iterator[Event]:
        if not speech.parts:
            return
        yield from self._cite(speech, is_end=True)
        part, place = speech.parts[-1], speech.place()
        kind, content = KINDS[part.name], part.content()
        more = {"logprobs": part.logprobs} if part.name == "output_text" else {}
        yield self._event(f"{kind.events}.done", **place, **{kind.field: content[kind.field]}, **more)
        yield self._event(f"{PARTS[kind.part]}.done", **place, part=content)

    def _cite(self, speech: Speech, text: str = "", *, is_end: bool = False) -> Iterator[Event]:
        part = speech.parts[-1]
        if not self._sources or part.name != "output_text":
            return
        for index, number in part.markers.found(text, is_end=is_end):
            if source := self._sources.get(number):
                said = {"file_id": source.file_id, "filename": source.filename, "index": index}
                annotation = {"type": "file_citation"} | said
                place = speech.place() | {"annotation_index": len(part.annotations)}
                part.annotations.append(annotation)
                yield self._event("response.output_text.annotation.added", **place, annotation=annotation)

    # --- calls -----------------------------------------------------------------------------------------------------

    def _call(self, given: Object, position: int) -> Iterator[Event]:
        function = given.get("function")
        function = function if isinstance(function, dict) else {}
        index, given_id, name = given.get("index"), objects.text(given.get("id")), objects.text(function.get("name"))
        key = index if isinstance(index, int) else position
        call = self._calls.get(key)
        if call is None or (given_id and call.given_id and given_id != call.given_id):  # some number every call 0
            call = self._calls[key] = self._new_call(given_id, name)
            yield from self._open(call)
        call.name = call.name or name
        if text := objects.text(function.get("arguments")):
            call.written.append(text)
            yield self._event("response.function_call_arguments.delta", **call.place(), delta=text)

    def _new_call(self, given_id: str, name: str) -> Call:
        taken = {item.call_id for item in self._items if isinstance(item, Call)}
        call_id = given_id if given_id and given_id not in taken else objects.new_id("call")
        return Call(len(self._items), name, given_id, call_id)

    # --- items -----------------------------------------------------------------------------------------------------

    def _open(self, item: Speech | Call) -> Iterator[Event]:
        if self._speech is not None:
            yield from self._close(self._speech, "completed")
        self._items.append(item)
        yield self._event("response.output_item.added", output_index=item.index, item=item.item("in_progress"))

    def _close(self, item: Speech | Call, status: str) -> Iterator[Event]:
        if isinstance(item, Speech):
            self._speech = None
            yield from self._close_part(item)
        else:
            said = {"name": item.name, "arguments": "".join(item.written)}
            yield self._event("response.function_call_arguments.done", **item.place(), **said)
        done = self._done[item.index] = item.item(status)
        yield self._event("response.output_item.done", output_index=item.index, item=done)
