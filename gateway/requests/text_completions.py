"""Completions of a plain text, the older form."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.metering import Estimate, estimated_tokens
from gateway.models import Deployment
from gateway.requests.chat import most_output
from gateway.requests.fields import (
    ANSWERS,
    OBJECT,
    ONE,
    PENALTY,
    REPETITION,
    SEED,
    SHARE,
    STOP,
    TEMPERATURE,
    TEXT,
    TOP_K,
    TRUTH,
    Body,
    Field,
    allowed,
    are_tokens,
    invalid,
    whole,
    without_end,
)

MOST_PROMPTS = 64

TEXT_COMPLETION: dict[str, Field] = {
    "model": TEXT,
    "prompt": Field(lambda value: isinstance(value, str | list), gettext_lazy("a text or a list of texts")),
    "suffix": TEXT,
    "echo": TRUTH,
    "stream": TRUTH,
    "stream_options": OBJECT,
    "max_tokens": Field(whole(0, 2**31 - 1), gettext_lazy("a whole number")),  # none: only the echo is wanted
    "temperature": TEMPERATURE,
    "top_p": SHARE,
    "n": ANSWERS,
    "best_of": ONE,
    "stop": STOP,
    "seed": SEED,
    "presence_penalty": PENALTY,
    "frequency_penalty": PENALTY,
    "logit_bias": OBJECT,
    "top_k": TOP_K,
    "min_p": SHARE,
    "repetition_penalty": REPETITION,
    "logprobs": Field(whole(0, 20), gettext_lazy("a whole number from 0 to 20")),
}


def text_completion(body: Body) -> Body:
    """The body for completions of texts, checked; raises InvalidRequest. `prompt` is one, as a text or its tokens, or a
    list of several."""
    found = allowed(without_end(body), TEXT_COMPLETION)
    prompts = _prompts(found.get("prompt"))
    if not 0 < len(prompts) <= MOST_PROMPTS or not all(isinstance(each, str) or are_tokens(each) for each in prompts):
        raise invalid("prompt", _("a text or a list of 1 to %(count)s texts") % {"count": MOST_PROMPTS})
    return found | {"prompt": prompts if len(prompts) > 1 else prompts[0]}


def _prompts(given: Any) -> list[Any]:
    return given if isinstance(given, list) and not are_tokens(given) else [given]


def estimate_text_completion(body: Body, deployments: Sequence[Deployment]) -> Estimate:
    prompts = _prompts(body["prompt"])
    tokens = sum(map(_tokens, prompts)) + _tokens(body.get("suffix", ""))
    return Estimate(tokens, most_output(body.get("max_tokens"), deployments), len(prompts) * body.get("n", 1))


def _tokens(prompt: Any) -> int:
    return estimated_tokens(prompt) if isinstance(prompt, str) else len(prompt)
