"""What is sent to the model. Pure functions over data.

Instructions of the person who asks stand in the system message as `<instructions>…</instructions>`, escaped.
"""

from collections.abc import Iterable, Sequence
from html import escape

from chat.personal import Personal
from rag.prompts import with_sources
from rag.retrieval import Passage

ChatMessage = dict[str, str]

PLAIN = "You are a helpful assistant in an organisation. Answer in the language of the question, in Markdown."

OWN_INSTRUCTIONS = """\
The person who asks has set these instructions for this project. Follow them as far as they agree with all else here.
<instructions>
{}
</instructions>"""

ASSISTANTS_INSTRUCTIONS = """\
You answer as the assistant “{}”. Whoever made it has set these instructions. Follow them as far as they agree with all
else here.
<instructions>
{}
</instructions>"""

CHARACTERS_PER_TOKEN = 3  # cautious for German; the upstream counts exactly
DEFAULT_CONTEXT = 8_192  # tokens, where a deployment does not say
ANSWER_SHARE = 0.25  # of the context is left free for the answer
NOTHING_PERSONAL = Personal()


def as_assistant(name: str, instructions: str) -> str:
    told = (escape(text.strip(), quote=False) for text in (name, instructions))
    return ASSISTANTS_INSTRUCTIONS.format(*told)


def system_message(
    passages: Sequence[Passage],
    *,
    searched: bool,
    instructions: str = "",
    role: str = "",
    personal: Personal = NOTHING_PERSONAL,
) -> ChatMessage:
    parts = [PLAIN, *filter(None, [role]), *personal.parts]
    if instructions.strip():
        parts.append(OWN_INSTRUCTIONS.format(escape(instructions.strip(), quote=False)))
    if searched:
        parts.append(with_sources(passages))
    return {"role": "system", "content": "\n\n".join(parts)}


def build_messages(
    history: Iterable[ChatMessage],
    passages: Sequence[Passage],
    *,
    searched: bool,
    context: int | None,
    instructions: str = "",
    at_least: int = 1,
    role: str = "",
    personal: Personal = NOTHING_PERSONAL,
) -> list[ChatMessage]:
    """The system message and as much of the end of `history` as fits; so many of its last messages always stay."""
    system = system_message(passages, searched=searched, instructions=instructions, role=role, personal=personal)
    budget = int((context or DEFAULT_CONTEXT) * (1 - ANSWER_SHARE)) * CHARACTERS_PER_TOKEN - len(system["content"])
    kept: list[ChatMessage] = []
    for message in reversed(list(history)):
        budget -= len(message["content"])
        if len(kept) >= at_least and budget < 0:
            break
        kept.append(message)
    return [system, *reversed(kept)]
