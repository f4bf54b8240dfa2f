"""What a browser is told while an answer is written: the protocol of the conversation's socket.

To the browser, each with `type`:
    asked     html, message, parent           new articles, also for other tabs, of which `message` is the last: they
                                              follow the message `parent`, or begin the conversation where that is null,
                                              in the place of what followed there
    branch    message                         from now on the branch of this message is shown
    status    message, number, text           what is being done ("Searching documents…")
    thought   message, number, text           append to what the model thinks (plain text)
    text      message, number, seconds,       append `closed` (HTML) to the blocks that will not change any more;
              closed, tail, more, rest        `tail` replaces the open block unless it is null, then `more` is appended
                                              inside of it; `rest` replaces what the last `rest` put behind that.
                                              The model had thought for so many `seconds`, or null
    snapshot  as text, and thought            replace everything there is
    ended     message, number, html           the whole article, rendered once more
    titled    title                           the conversation was given a title
    error     code                            a frame of the browser's was not understood
From the browser:
    attach    messages, title, last,          tell me of the answers under way from where they stand, and all that
              language                        follows; `messages` are those the page shows as running, `title` what
                                              it shows as the conversation's, `last` with what it ends, if any
Within an answer `number` counts 1, 2, 3 … without a gap. Two that are compared are told of by turns, each with its own.
"""

import logging
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

Event = dict[str, Any]
PARTS = ("thought", "text", "snapshot")  # of an answer that is not complete yet


def group(conversation: UUID) -> str:
    return f"conversation.{conversation}"


async def publish(conversation: UUID, event: Event) -> None:
    """Tell every tab that looks at the conversation. Redis may be away: then they catch up from the database."""
    try:
        await get_channel_layer().group_send(group(conversation), {"type": "event", "event": event})
    except (RedisError, OSError) as error:
        logger.warning("Event not published: %s", type(error).__name__)
