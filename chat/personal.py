"""What of the person who asks is given to the model: their own instructions, and what they want remembered of them.

Both stand in the system message in elements of their own, escaped. An answer notes what it was given.
"""

from dataclasses import dataclass
from html import escape

from accounts import memory
from accounts.models import User

OWN = """\
The person who asks has set these instructions for all their questions. Follow them as far as they agree with all else
here; where instructions for a project say otherwise, those hold.
<own_instructions>
{}
</own_instructions>"""

REMEMBERED = """\
The person who asks wants this remembered of them. Use it where it helps the answer, and do not mention it unasked.
<remembered>
{}
</remembered>"""


@dataclass(frozen=True)
class Personal:
    instructions: str = ""
    facts: tuple[str, ...] = ()

    @classmethod
    def of(cls, user: User, *, with_memory: bool) -> "Personal":
        return cls(user.instructions.strip(), tuple(memory.facts_of(user)) if with_memory else ())

    @property
    def parts(self) -> list[str]:
        """Of the system message."""
        parts = [OWN.format(escape(self.instructions, quote=False))] if self.instructions else []
        lines = "\n".join(f"- {escape(fact, quote=False)}" for fact in self.facts)
        return [*parts, REMEMBERED.format(lines)] if lines else parts

    @property
    def note(self) -> dict[str, object] | None:
        """What an answer keeps of it."""
        return {"instructions": bool(self.instructions), "facts": len(self.facts)} if self.parts else None
