"""What becomes of documents: this app's part of `/about/`."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from accounts.about import Part, Topic
from rag.retention import class_rules


def parts() -> Iterator[Part]:
    yield Part(
        Topic.RECORDED,
        _("Documents"),
        _("The files, their text in passages, and numbers that stand for what these mean; who uploaded them and when."),
        "; ".join([_("until they or their collection are deleted"), *class_rules()]),
        _("whom the collection is shared with; admins see names alone"),
    )
    yield Part(Topic.NOT_RECORDED, _("Searches"), _("What is searched for in documents is not written down."))
