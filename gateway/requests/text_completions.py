"""Completions of a plain text, the older form."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.metering import Estimate, estimated_tokens
from gateway.models import Deployment
from gateway.requests.chat import most_output
from gateway.requests.fields import (
    OBJECT,
    ONE,
    PENALTY,
    SEED,
    SHARE,
    STOP,
    TEMPERATURE,
    TEXT,
    TRUTH,
    Body,
    Field,
    allowed,
    are_tokens,
    invalid,
    whole,
)

TEXT_COMPLETION: dict[str, Field] = {
    "model": TEXT,
    "prompt": Field(lambda value: isinstance(value, str | list), gettext_lazy("one text")),
    "suffix": TEXT,
    "echo": TRUTH,
    "stream": TRUTH,
    "stream_options": OBJECT,
    "max_tokens": Field(whole(0, 2**31 - 1), gettext_lazy("a whole number")),  # none: only the echo is wanted
    "temperature": TEMPERATURE,
    "top_p": SHARE,
    "n": ONE,
    "best_of": ONE,
    "stop": STOP,
    "seed": SEED,
    "presence_penalty": PENALTY,
    "frequency_penalty": PENALTY,
    "logit_bias": OBJECT,
    "logprobs": Field(whole(0, 20), gettext_lazy("a whole number from 0 to 20")),
}


def text_completion(body: Body) -> Body:
    """The body for the completion of a text, checked; raises InvalidRequest. `prompt` is one text or its tokens."""
    found = allowed(body, TEXT_COMPLETION)
    prompt = found.get("prompt")
    if isinstance(prompt, list) and not are_tokens(prompt):
        prompt = prompt[0] if len(prompt) == 1 else None
    if not isinstance(prompt, str) and not are_tokens(prompt):
        raise invalid("prompt", _("one text"))
    return found | {"prompt": prompt}


def estimate_text_completion(body: Body, deployments: Sequence[Deployment]) -> Estimate:
    tokens = _tokens(body["prompt"]) + _tokens(body.get("suffix", ""))
    return Estimate(tokens, most_output(body.get("max_tokens"), deployments))


def _tokens(prompt: Any) -> int:
    return estimated_tokens(prompt) if isinstance(prompt, str) else len(prompt)
