"""What says that somebody was erased: how much of what, when, by whose wish, and a hash over that. It names nobody."""

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models import Erasure

LABELS = {
    "accounts": _("accounts"),
    "API keys": _("API keys"),
    "assistants": _("assistants"),
    "citations": _("sources of answers"),
    "collections": _("collections"),
    "conversations": _("conversations"),
    "documents": _("documents with their files"),
    "files": _("files of scripts"),
    "memberships": _("memberships in teams"),
    "memory": _("remembered sentences"),
    "messages": _("messages"),
    "older versions of documents": _("older versions of documents"),
    "passages": _("passages of documents"),
    "projects": _("projects"),
    "prompts": _("prompts"),
    "quotas": _("quotas"),
    "quotations in answers of others": _("quotations in answers of others"),
    "search words": _("search words of passages"),
    "second factors": _("second factors"),
    "shares": _("shared conversations"),
    "vectors": _("vectors of passages"),
}


def lines(erasure: Erasure) -> list[tuple[str, int]]:
    return sorted((str(LABELS.get(what, what)), number) for what, number in erasure.counts.items())


def text(erasure: Erasure, language: str = "") -> str:
    with translation.override(language or translation.get_language()):
        return render_to_string("data/certificate.txt", {"erasure": erasure, "lines": lines(erasure)})
