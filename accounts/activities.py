"""What the `processing` modules of the apps share: what is processed here, for the records that Article 30 of the GDPR
asks for. Each says it as the configuration stands at this moment."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Activity:
    name: str
    purpose: str
    people: str
    data: str
    retention: str
    recipients: list[str] = field(default_factory=list)  # outside of the house
