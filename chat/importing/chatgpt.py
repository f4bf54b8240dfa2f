"""ChatGPT's export: `conversations.json` holds a tree of nodes for each conversation.

What was asked and answered is taken over with its branches; pictures, tools and hidden messages are passed over, and
what hung below them is hung on the message before.
"""

import re
from typing import Any

from chat.importing.records import (
    LONGEST_TEXT,
    ImportedConversation,
    ImportedMessage,
    Unreadable,
    in_order,
    line_in,
    moment_in,
    text_in,
)

MOST_NODES = 20_000
ROLES = {"user", "assistant"}
# private-use marks around references to files and web pages that are not part of the export
REFERENCE = re.compile("\ue200[^\ue201]{0,2000}\ue201|[\ue200-\ue206]")


def conversation_of(value: Any) -> ImportedConversation:
    nodes = value.get("mapping") if isinstance(value, dict) else None
    if not isinstance(nodes, dict) or not 0 < len(nodes) <= MOST_NODES:
        raise Unreadable
    kept = {name: message for name, node in nodes.items() if (message := _message(name, node))}
    for message in kept.values():
        message.parent = _kept_ancestor(message.id, nodes, kept)
    messages = in_order(list(kept.values()))
    identity = value.get("conversation_id") or value.get("id")
    return ImportedConversation(
        origin=f"chatgpt:{line_in(identity, 60)}" if identity else "",
        title=line_in(value.get("title"), 150),
        created_at=moment_in(value.get("create_time")),
        updated_at=moment_in(value.get("update_time")),
        archived=value.get("is_archived") is True,
        messages=messages,
    )


def _message(name: str, node: Any) -> ImportedMessage | None:
    """None for what was never shown as a message."""
    message = node.get("message") if isinstance(node, dict) else None
    if not isinstance(message, dict):
        return None
    author, facts = message.get("author"), message.get("metadata")
    facts = facts if isinstance(facts, dict) else {}
    role = author.get("role") if isinstance(author, dict) else None
    text = _text(message.get("content"))
    to_a_tool = message.get("recipient") not in (None, "all")
    is_hidden = facts.get("is_visually_hidden_from_conversation") is True
    if role not in ROLES or not text.strip() or is_hidden or to_a_tool:
        return None
    model = line_in(facts.get("model_slug"), 200)
    return ImportedMessage(name, None, role, text, moment_in(message.get("create_time")), model=model)


def _text(content: Any) -> str:
    if not isinstance(content, dict) or content.get("content_type") not in ("text", "multimodal_text", "code"):
        return ""
    parts = content.get("parts")
    texts = [part for part in parts if isinstance(part, str)] if isinstance(parts, list) else []
    if content.get("content_type") == "code" and isinstance(content.get("text"), str):
        texts = [content["text"]]
    return REFERENCE.sub("", text_in("\n\n".join(texts), LONGEST_TEXT))


def _kept_ancestor(name: str, nodes: dict[str, Any], kept: dict[str, ImportedMessage]) -> str | None:
    passed: set[str] = {name}
    above = nodes[name].get("parent")
    while isinstance(above, str) and above not in kept:
        if above in passed or not isinstance(nodes.get(above), dict):
            return None
        passed.add(above)
        above = nodes[above].get("parent")
    return above if isinstance(above, str) else None
