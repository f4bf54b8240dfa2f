"""What is processed of conversations (see `accounts.activities`)."""

from django.utils.translation import gettext as _

from accounts.activities import Activity
from accounts.models import RetentionRule
from accounts.processing import rules_of
from gateway.processing import outside


def activities() -> list[Activity]:
    return [
        Activity(
            name=_("Conversations"),
            purpose=_("Asking language models, going back to what was asked, and sharing it."),
            people=_("People with an account; people named in conversations"),
            data=_("Questions, answers, sources, attached files, opinions, projects, prompts, assistants, shares; "
                   "nothing of temporary chats"),
            retention=rules_of(RetentionRule.Kind.CONVERSATIONS),
            recipients=outside(),
        )
    ]  # fmt: skip
