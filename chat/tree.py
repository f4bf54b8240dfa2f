"""The tree of a conversation: which branch of it is shown, and what stands beside each of its messages. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Versions:
    """A message among those with the same parent."""

    number: int
    total: int
    previous: UUID | None
    following: UUID | None
    leads_on: bool = True  # something was said behind it


class Tree:
    def __init__(self, rows: Iterable[tuple[UUID, UUID | None]], shown: UUID | None = None) -> None:
        """`rows` are messages with their parents, oldest first; `shown` is one of the branch that was chosen."""
        self.parents = dict(rows)
        self.shown = shown
        self.children: dict[UUID | None, list[UUID]] = {}
        for message, parent in self.parents.items():
            self.children.setdefault(parent, []).append(message)

    def branch(self, through: UUID | None = None) -> list[UUID]:
        """From the first message to a last one: through that message, else as chosen, else the newest at each fork."""
        following = {parent: children[-1] for parent, children in self.children.items()}
        following |= self._way_to(self.shown) | self._way_to(through)
        branch: list[UUID] = []
        while message := following.get(branch[-1] if branch else None):
            branch.append(message)
        return branch

    def versions(self, message: UUID) -> Versions:
        beside = self.children[self.parents[message]]
        place = beside.index(message)
        previous = beside[place - 1] if place else None
        following = beside[place + 1] if place + 1 < len(beside) else None
        return Versions(place + 1, len(beside), previous, following, leads_on=message in self.children)

    def _way_to(self, message: UUID | None) -> dict[UUID | None, UUID]:
        """What follows each message on the way; nothing for a message that is not here."""
        way: dict[UUID | None, UUID] = {}
        while message in self.parents:
            way[self.parents[message]] = message
            message = self.parents[message]
        return way
