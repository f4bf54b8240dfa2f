"""What is processed of documents (see `accounts.activities`)."""

from django.utils.translation import gettext as _

from accounts.activities import Activity
from accounts.models import RetentionRule
from accounts.processing import rules_of
from gateway.processing import outside
from rag.retention import class_rules


def activities() -> list[Activity]:
    return [
        Activity(
            name=_("Documents and search"),
            purpose=_("Keeping documents so that they can be searched, cited and read."),
            people=_("People with an account; people named in documents"),
            data=_(
                "Files, their text, passages, search words and vectors; who uploaded them; whom they are shared with"
            ),
            retention="; ".join([rules_of(RetentionRule.Kind.DOCUMENTS), *class_rules()]),
            recipients=outside(),
        )
    ]
