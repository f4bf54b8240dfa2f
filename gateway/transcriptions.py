"""Transcriptions: what a recording says, metered."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from gateway import calls, relay, requests, routing
from gateway.callers import Caller
from gateway.calls import Running, Wanted
from gateway.exceptions import UpstreamBroken
from gateway.metering import estimated_tokens
from gateway.models import Deployment, Purpose, Scope, Usage
from gateway.relay import Reply
from gateway.requests.transcriptions import JSON_FORMATS

PATH = "/audio/transcriptions"
TOKENS_PER_SECOND = 10  # where a server counts seconds
LONGEST_SUFFIX = 6
Body = dict[str, Any]


class Recording(NamedTuple):
    path: Path
    size: int
    suffix: str  # of the name that the caller gave it: servers tell the format by it


class Transcript(NamedTuple):
    text: str
    reply: Reply
    usage: object = None


async def answer(
    caller: Caller,
    body: Body,
    recording: Recording,
    *,
    purpose: Purpose,
    admitted: Callable[[Running], None] = lambda call: None,
) -> Reply:
    """The transcript as the upstream wrote it, in the format that the fields of the form ask for."""
    body = requests.transcription(body)
    wanted = Wanted(body.get("model", ""), Deployment.Kind.TRANSCRIPTION, Scope.AUDIO, purpose)
    async with calls.metered(caller, wanted, partial(requests.estimate_transcription, recording.size)) as call:
        reply = await routing.post_form(call, PATH, partial(_form, body, recording))
        transcript = await _read(reply, body.get("response_format", "json"))
        admitted(call)
        call.meter.relayed(estimated_tokens(transcript.text))
        call.meter.reported(_usage(transcript.usage))
        call.meter.status = Usage.Status.DONE
    return transcript.reply


def _form(body: Body, recording: Recording, deployment: Deployment) -> aiohttp.FormData:
    """The file's own name stays here: it may tell who speaks."""
    form = aiohttp.FormData()
    for name, value in {**deployment.defaults, **body, "model": deployment.model}.items():
        for each in value if isinstance(value, list) else [value]:
            form.add_field(name, str(each))
    suffix = recording.suffix if recording.suffix.isascii() and recording.suffix[1:].isalnum() else ""
    form.add_field("file", recording.path.open("rb"), filename=f"recording{suffix[:LONGEST_SUFFIX]}")
    return form


async def _read(reply: Reply, wanted: str) -> Transcript:
    try:
        found = await relay.parsed(reply.raw) if _is_json(reply, wanted) else reply.raw.decode()
    except (ValueError, RecursionError):
        raise UpstreamBroken from None
    text = found.get("text") if isinstance(found, dict) and wanted in (*JSON_FORMATS, "text") else found
    if wanted in JSON_FORMATS and isinstance(text, str) and isinstance(found, dict):
        return Transcript(text, Reply("application/json", reply.raw), found.get("usage"))
    # text it has to be, and no page of somebody's proxy; some servers write even a text as JSON
    if wanted in JSON_FORMATS or reply.content_type == "text/html" or not isinstance(text, str):
        raise UpstreamBroken
    return Transcript(text, Reply("text/plain; charset=utf-8", text.encode(errors="replace")))


def _is_json(reply: Reply, wanted: str) -> bool:
    return wanted in JSON_FORMATS or reply.content_type == "application/json"


def _usage(usage: object) -> object:
    match usage:
        case {"type": "duration", "seconds": seconds} if isinstance(seconds, int | float) and 0 <= seconds < 10**9:
            return {"prompt_tokens": round(seconds * TOKENS_PER_SECOND), "completion_tokens": 0}
        case {"input_tokens": read, "output_tokens": written}:
            return {"prompt_tokens": read, "completion_tokens": written}
        case {"total_tokens": both}:
            return {"prompt_tokens": both, "completion_tokens": 0}
    return None
