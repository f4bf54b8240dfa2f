"""One answer of a model: chat completion chunks go in, events come out."""

from collections.abc import Iterator
from typing import Any

from gateway.exceptions import GatewayError
from gateway.responses import objects
from gateway.responses.objects import KINDS, PREFIXES, Call, Object, Part, Speech, new_id

Event = dict[str, Any]


def response(body: Object, completion: Object) -> Object:
    """The whole response of a whole chat completion: what its one large delta would end with."""
    answer = Answer(body, completion)
    choices = [choice | {"delta": choice.get("message")} for choice in completion["choices"]]
    for _ in answer.told(completion | {"choices": choices}):
        pass
    *_, last = answer.ended()
    return last["response"]


class Answer:
    """Texts follow one another; a call stays open to the end, as calls may be told in turns."""

    def __init__(self, body: Object, first: Object) -> None:
        self._head = objects.begun(body, first)
        self._items: list[Speech | Call] = []  # by output_index
        self._done: dict[int, Object] = {}  # by output_index
        self._speech: Speech | None = None  # the open one
        self._calls: dict[int, Call] = {}  # by the server's index
        self._cut: str | None = None
        self._usage: Object | None = None
        self._events = 0

    def begun(self) -> Iterator[Event]:
        yield self._event("response.created", response=self._head)
        yield self._event("response.in_progress", response=self._head)

    def told(self, piece: Object) -> Iterator[Event]:
        if isinstance(usage := piece.get("usage"), dict):
            self._usage = objects.usage(usage)
        if not piece.get("choices"):
            return
        choice = piece["choices"][0]
        self._cut = objects.CUT.get(choice.get("finish_reason") or "", self._cut)
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return
        yield from self._say("reasoning_text", delta.get("reasoning_content") or delta.get("reasoning"))
        yield from self._say("output_text", delta.get("content"), choice)
        yield from self._say("refusal", delta.get("refusal"))
        for position, call in enumerate(delta.get("tool_calls") or ()):
            if isinstance(call, dict):
                yield from self._call(call, position)

    def ended(self) -> Iterator[Event]:
        status = "incomplete" if self._cut else "completed"
        for item in self._items:
            if item.index not in self._done:
                is_last = item.index == len(self._items) - 1
                yield from self._close(item, status if is_last else "completed")
        more = {"incomplete_details": {"reason": self._cut}} if self._cut else {"completed_at": objects.now()}
        yield self._event(f"response.{status}", response=self._response(status, **more))

    def failed(self, error: GatewayError) -> Iterator[Event]:
        """What there is of the answer, then the error: with that field, at the end, clients raise it by themselves."""
        yield self._event("response.failed", response=self._response("failed", error=objects.failure(error)))
        told = {"code": error.code, "message": str(error), "param": error.param}
        yield self._event("error", **told, error={"type": "server_error", **told})

    # --- texts -----------------------------------------------------------------------------------------------------

    def _say(self, name: str, text: Any, choice: Object | None = None) -> Iterator[Event]:
        if not text or not isinstance(text, str):
            return
        kind = KINDS[name]
        yield from self._open_speech(kind.item)
        yield from self._open_part(name)
        part = self._speech.parts[-1]
        part.written.append(text)
        more = {}
        if name == "output_text":
            more["logprobs"] = objects.logprobs(choice or {})
            part.logprobs += more["logprobs"]
        yield self._event(f"{kind.events}.delta", **self._place(), delta=text, **more)
