"""A model tried out by an admin: one short question, by the way that every call takes and in the books like any other.

It goes to that very deployment: no namesake and no fallback answers in its stead.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.models import User
from gateway import completions, embeddings, requests
from gateway.callers import Caller
from gateway.calls import Wanted
from gateway.exceptions import GatewayError, UnknownModel, UpstreamError
from gateway.models import Deployment, Purpose, Scope

PATIENCE = 60  # seconds
LONGEST_ANSWER, SHOWN = 64, 300  # tokens asked for, characters shown
Kind = Deployment.Kind


@dataclass(frozen=True)
class Attempt:
    milliseconds: int
    answer: str = ""
    error: str = ""


def attempt(user: User, deployment: Deployment) -> Attempt:
    began = time.monotonic()
    answer = error = ""
    try:
        answer = async_to_sync(_asked)(Caller(user), deployment)
    except TimeoutError:
        error = _("There was no answer within %(seconds)s seconds.") % {"seconds": PATIENCE}
    except UnknownModel:
        error = _("It is switched off, or offered to teams alone that you are not in.")
    except UpstreamError as failure:
        said = _("It says: %(words)s") % {"words": failure.words}
        error = f"{failure} {said}" if failure.words else str(failure)
    except GatewayError as failure:
        error = str(failure)
    return Attempt(round((time.monotonic() - began) * 1000), answer, error)


async def _asked(caller: Caller, deployment: Deployment) -> str:
    async with asyncio.timeout(PATIENCE):
        if deployment.kind == Kind.EMBEDDING:
            [vector] = await embeddings.embed(
                caller, [_("A short question")], purpose=Purpose.CHAT, deployment=deployment, by_no_other=True
            )
            return _("a vector of %(count)s numbers") % {"count": len(vector)}
        return await _chatted(caller, deployment)


async def _chatted(caller: Caller, deployment: Deployment) -> str:
    question = _("In one short sentence: what is an aviary?")
    body = {"model": deployment.name, "messages": [{"role": "user", "content": question}]}
    wanted = Wanted(deployment.name, Kind.CHAT, Scope.CHAT, Purpose.CHAT, deployment=deployment.pk)
    found = await completions.answer(caller, requests.chat(body | {"max_tokens": LONGEST_ANSWER}), wanted)
    return _said(found["choices"][0].get("message"))


def _said(message: Any) -> str:
    """A model that thinks may not come to an answer in so few tokens."""
    parts = message if isinstance(message, dict) else {}
    texts = [parts.get(name) for name in ("content", "reasoning_content", "reasoning")]
    text = next((text.strip() for text in texts if isinstance(text, str) and text.strip()), "")
    return Truncator(" ".join(text.split())).chars(SHOWN) or _("an empty answer")
