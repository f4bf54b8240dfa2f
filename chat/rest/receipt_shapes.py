from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from accounts.rest.shapes import Flag, Id, Shape
from chat.disclosure import Disclosure, Link, Stop
from chat.models import Message
from chat.rest.shapes import SharedSource
from gateway.amounts import MILLIONTHS, MILLIWATT_HOURS

Left = Literal["unknown", "no", "perhaps", "yes"]
TEXTS = ("kind", "purpose", "status", "reached", "model", "licence", "openness", "origin", "size", "quantisation",
         "currency", "method", "confidence")  # fmt: skip
NUMBERS = ("input_tokens", "output_tokens", "watts", "queued_ms", "first_token_ms", "duration_ms")


class ReceiptCall(Shape):
    """A server that got something for the answer, and what that took. Nothing of it changes when the server does."""

    server: str = Field(examples=["gpu"])
    where: str = Field(examples=["in the cellar, in the private network"])
    reached: str = Field(description="Where its address leads.", examples=["private"])
    in_house: Flag
    got: str = Field(description="What of the conversation, in words.", examples=["the question"])
    wrote: Flag = Field(description="Its words stand in the answer.")
    kind: str = Field(examples=["chat"])
    purpose: str = Field(examples=["chat"])
    status: str = Field(examples=["done"])
    model: str = Field(examples=["llama-3.3-70b"])
    licence: str
    openness: str
    origin: str
    size: str
    quantisation: str
    card: str = Field(description="Address of the model's card.", examples=["https://example.org/card"])
    input_tokens: int | None = Field(examples=[1234])
    output_tokens: int | None = Field(examples=[56])
    estimated: Flag = Field(description="Whether its tokens are.")
    cost: Decimal | None = Field(description="For who asked alone.", examples=["0.0312"])
    currency: str = Field(examples=["EUR"])
    energy_wh: Decimal | None = Field(description="Null where it is not known.", examples=["1.25"])
    method: str = Field(description="How its energy is known.", examples=["measured"])
    confidence: str
    watts: int | None
    queued_ms: int | None
    first_token_ms: int | None
    duration_ms: int | None

    @classmethod
    def of(cls, stop: Stop, *, wrote: bool) -> "ReceiptCall":
        note = stop.note
        known: dict[str, Any] = {name: note.get(name, "") for name in TEXTS} | {
            name: note.get(name) for name in NUMBERS
        }
        cost, energy = note.get("cost"), note.get("energy")
        return cls(
            **known,
            server=stop.server,
            where=stop.where,
            got=stop.what,
            wrote=wrote,
            card=stop.card,
            in_house=note.get("in_house", False),
            estimated=note.get("estimated", False),
            cost=None if cost is None else Decimal(cost) / MILLIONTHS,
            energy_wh=None if energy is None else Decimal(energy) / MILLIWATT_HOURS,
        )


class ReceiptShape(Shape):
    message: Id
    left_house: Left = Field(description="`perhaps`: it went to a server near by that nobody calls the house's own.")
    calls: list[ReceiptCall] = Field(description="Empty where nothing was kept.")
    used: list[SharedSource] = Field(description="Passages sent, and named in the answer.")
    unused: list[SharedSource] = Field(description="Passages sent, but not named.")
    hidden_sources: int = Field(description="Passages of documents that the reader may not open.")

    @classmethod
    def of(cls, message: Message, shown: Disclosure) -> "ReceiptShape":
        return cls(
            message=message.pk,
            left_house=_left(shown),
            calls=[ReceiptCall.of(stop, wrote=stop is shown.wrote) for stop in shown.stops],
            used=_sources(shown.used),
            unused=_sources(shown.unused),
            hidden_sources=shown.hidden,
        )


def _left(shown: Disclosure) -> Left:
    if not shown.stops:
        return "unknown"
    if not shown.outside:
        return "no"
    return "perhaps" if shown.is_near else "yes"


def _sources(links: list[Link]) -> list[SharedSource]:
    return [SharedSource(number=number, address=address, title=title) for number, address, title in links]
