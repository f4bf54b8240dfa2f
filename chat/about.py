"""What becomes of what is said: this app's part of `/about/`."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from accounts.about import Part, Topic
from chat.conversations import UNDO_FOR


def parts() -> Iterator[Part]:
    minutes = round(UNDO_FOR.total_seconds() / 60)
    yield Part(
        Topic.RECORDED,
        _("Chats"),
        _("Questions, answers with their thoughts, sources and receipts, attached files, titles, projects."),
        _("until the person deletes them; %(minutes)s minutes later they are gone") % {"minutes": minutes},
        _("the person, and whom they share it with"),
    )
    yield Part(
        Topic.RECORDED,
        _("Opinions of answers"),
        _("Good or bad with a reason; own words to it."),
        _("as long as the chat"),
        _("admins the sums by model; the words the person alone"),
    )
    yield Part(
        Topic.RECORDED,
        _("Assistants and prompts"),
        _("What was written for oneself or for others."),
        _("until they are deleted"),
        _("the person, and whom they share it with"),
    )
    yield Part(
        Topic.NOT_RECORDED,
        _("Temporary chats"),
        _("They live in the open page alone. That a model was called is counted under usage."),
    )
    yield Part(
        Topic.NOT_RECORDED,
        _("Drafts"),
        _("What stands in the message field lies in the person’s own browser until it is sent."),
    )
