"""A question to our /v1 over a real socket, what came of it, and whether the books agree afterwards."""

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx2
from django.db.models import F, Sum

from accounts.models import User
from gateway.models import Call, Occupancy, Quota, Usage

QUESTION: dict[str, Any] = {"model": "parrot", "messages": [{"role": "user", "content": "Piep?"}], "max_tokens": 50}
NOT_TO_BE_TOLD = ("upstream-secret", "127.0.0.1", "localhost", ".invalid", "scripted", "Traceback")


@dataclass
class Outcome:
    status: int
    text: str
    error: dict[str, Any] | None
    pieces: list[dict[str, Any]]

    @property
    def code(self) -> str | None:
        return self.error["code"] if self.error else None

    @property
    def said(self) -> str:
        return "".join(choice["delta"].get("content", "") for piece in self.pieces for choice in piece["choices"])


def ask(http: httpx2.Client, stream: bool = True, **fields: object) -> Outcome:
    answer = http.post("/chat/completions", json=QUESTION | {"stream": stream} | fields)
    return outcome_of(answer)


def outcome_of(answer: httpx2.Response) -> Outcome:
    assert not any(word in answer.text for word in NOT_TO_BE_TOLD), answer.text
    if not answer.headers["content-type"].startswith("text/event-stream"):
        found = answer.json()
        return Outcome(answer.status_code, answer.text, _error(found), [])
    events = [event.removeprefix("data: ") for event in answer.text.split("\n\n") if event]
    assert not any("\n" in event for event in events)
    pieces = [json.loads(event) for event in events if event != "[DONE]"]
    error = _error(pieces[-1])
    assert (events[-1] == "[DONE]") == (error is None)
    return Outcome(answer.status_code, answer.text, error, pieces[:-1] if error else pieces)


def _error(found: dict[str, Any]) -> dict[str, Any] | None:
    error: dict[str, Any] | None = found.get("error")
    assert error is None or set(error) == {"message", "type", "param", "code"}
    return error


def books_agree(user: User, rows: int = 1, seconds: float = 3) -> list[Usage]:
    """Each call of theirs is settled once, and nothing is held any more."""
    deadline = time.monotonic() + seconds
    while (Call.objects.filter(user=user).exists() or _usage(user).count() < rows) and time.monotonic() < deadline:
        time.sleep(0.02)
    quota = Quota.objects.get(user=user)
    used = _usage(user).aggregate(sum=Sum(F("input_tokens") + F("output_tokens")))["sum"] or 0
    assert not Call.objects.filter(user=user).exists()
    assert (_usage(user).count(), quota.used, quota.reserved) == (rows, used, 0)
    assert Occupancy.objects.get(deployment__name="parrot").running == 0
    return list(_usage(user))


def _usage(user: User) -> Any:
    return Usage.objects.filter(user=user)
