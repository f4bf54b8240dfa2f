"""What a call may need, what it has consumed so far, and what it is charged in the end."""

import math
import time
from dataclasses import dataclass, field
from typing import Any

from gateway.models import Deployment, Usage

BYTES_PER_TOKEN = 4
LONGEST_TOKEN = 16  # bytes; servers send one token at a time, unless a piece is longer than any
MAX_TOKENS = 100_000_000  # more is nonsense, whoever says it


def estimated_tokens(text: str) -> int:
    return math.ceil(len(text.encode(errors="surrogatepass")) / BYTES_PER_TOKEN)


def tokens_of_piece(text: str) -> int:
    """Of one piece of a stream."""
    size = len(text.encode(errors="surrogatepass"))
    return min(size, 1) if size <= LONGEST_TOKEN else math.ceil(size / BYTES_PER_TOKEN)


def cost_of(deployment: Deployment, input_tokens: int, output_tokens: int) -> int:
    """In millionths of the currency: prices are for a million tokens."""
    if not (deployment.input_price or deployment.output_price):
        return 0
    return math.ceil(input_tokens * deployment.input_price + output_tokens * deployment.output_price)


@dataclass(frozen=True)
class Estimate:
    """What a call may need; without a stated `output_tokens`, which are of each answer, what the deployment usually
    says."""

    input_tokens: int
    output_tokens: int | None
    answers: int = 1


@dataclass(frozen=True)
class Consumption:
    status: Usage.Status
    first_token_ms: int | None
    duration_ms: int
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    requests: int = 0
    estimated: bool = False


@dataclass(slots=True)
class Meter:
    """What a call has consumed so far. Whoever relays tells it; `None` stands for: the upstream did not say."""

    input_estimate: int
    began: float = field(default_factory=time.monotonic)
    first_token_ms: int | None = None
    relayed_tokens: int = 0
    reported_at: int = 0  # relayed tokens
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    reasoning_tokens: int = 0  # of the output
    status: Usage.Status = Usage.Status.ABORTED

    def relayed(self, tokens: int) -> None:
        if self.first_token_ms is None:
            self.first_token_ms = self.elapsed_ms()
        self.relayed_tokens += tokens

    def reported(self, usage: object) -> None:
        """Take over the upstream's figures; an explicit zero is one, anything but a sane number is none."""
        if isinstance(usage, dict):
            self.input_tokens = _sane(usage.get("prompt_tokens"), self.input_tokens)
            if (said := _sane(usage.get("completion_tokens"), None)) is not None:
                self.output_tokens, self.reported_at = said, self.relayed_tokens
            self.cached_tokens = _detail(usage, "prompt_tokens_details", "cached_tokens")
            self.reasoning_tokens = _detail(usage, "completion_tokens_details", "reasoning_tokens")

    def elapsed_ms(self) -> int:
        return round((time.monotonic() - self.began) * 1000)

    def consumption(self, *, was_sent: bool = True) -> Consumption:
        """Nothing when the upstream was never asked, or failed without a word."""
        if not was_sent or (self.status == Usage.Status.FAILED and self.first_token_ms is None):
            return Consumption(self.status, None, self.elapsed_ms())
        since = self.relayed_tokens - self.reported_at  # what came after the last report is in none
        return Consumption(
            self.status,
            self.first_token_ms,
            self.elapsed_ms(),
            self.input_estimate if self.input_tokens is None else self.input_tokens,
            self.relayed_tokens if self.output_tokens is None else self.output_tokens + since,
            self.cached_tokens,
            requests=1,
            estimated=self.input_tokens is None or self.output_tokens is None or since > 0,
        )


def _detail(usage: dict[str, Any], details: str, name: str) -> int:
    told = usage.get(details)
    return (_sane(told.get(name), None) if isinstance(told, dict) else None) or 0


def _sane(value: object, otherwise: int | None) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 0 <= value <= MAX_TOKENS else otherwise  # type: ignore[operator, return-value]
