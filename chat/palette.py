"""Where the palette leads and what it does; each is found by its words in every language we speak.

Keys stand as a browser names them; with `Ctrl+` on a Mac the command key is meant.
"""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.models import User

ENGRAVED = {"Ctrl": _("Ctrl"), "Shift": _("Shift"), "Escape": _("Esc")}


@dataclass(frozen=True)
class Command:
    label: Promise
    icon: str
    page: str = ""  # name of an address; or
    action: str = ""  # what static/js/deeds.js does
    query: str = ""
    also: Promise | str = ""  # other words for it
    keys: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return reverse(self.page) + self.query if self.page else ""

    @property
    def words(self) -> str:
        return " ".join(self._in(language) for language, _name in settings.LANGUAGES)

    @property
    def key(self) -> str:
        """The one that works alone, outside of fields."""
        return next((key for key in self.keys if len(key) == 1), "")

    @property
    def shown(self) -> list[list[tuple[str, Promise | str]]]:
        """Each combination: its keys, and what stands on them."""
        return [[(name, ENGRAVED.get(name, name)) for name in key.split("+")] for key in self.keys]

    def _in(self, language: str) -> str:
        with override(language):
            return f"{self.label} {self.also}"


OPEN = Command(_("Quick access"), "search", action="palette", keys=("Ctrl+k",))
PAGES = (
    Command(_("New chat"), "plus", "chat:home", also=_("begin ask conversation"), keys=("n",)),
    Command(_("Temporary chat"), "shield", "chat:temporary", also=_("private incognito not kept")),
    Command(_("Search all conversations"), "search", "chat:search", also=_("find")),
    Command(_("All conversations"), "box", "chat:history", also=_("history list")),
    Command(_("Archive"), "box", "chat:history", query="?archived", also=_("old conversations")),
    Command(_("Shared conversations"), "people", "chat:shares", also=_("shares links")),
    Command(_("Knowledge"), "book", "rag:collections", also=_("collections documents files")),
    Command(_("Search the documents"), "search", "rag:search", also=_("passages find")),
    Command(_("New collection"), "plus", "rag:collection-create", also=_("knowledge documents upload")),
    Command(_("New project"), "folder", "chat:project-create", also=_("folder")),
    Command(_("Assistants"), "assistant", "chat:assistants", also=_("helpers roles")),
    Command(_("Prompts"), "pen", "chat:prompts", also=_("templates texts")),
    Command(_("Export and import"), "down", "chat:transfer", also=_("transfer download upload")),
    Command(_("Preferences"), "gear", "preferences", also=_("settings language text size instructions")),
    Command(_("What Voliere remembers of you"), "person", "chat:memory", also=_("memory facts")),
    Command(_("API keys"), "shield", "keys:list", also=_("scripts access")),
    Command(_("Your usage"), "chart", "usage", also=_("quota tokens energy cost")),
    Command(_("About this instance"), "info", "about", also=_("privacy data protection where models run recorded")),
    Command(_("Webhooks"), "shield", "webhooks:list", also=_("integrations n8n events")),
    Command(_("Change password"), "shield", "account_change_password", also=_("security")),
    Command(_("Second factor"), "shield", "mfa_index", also=_("passkey authenticator app security")),
    Command(_("Where you are signed in"), "shield", "sessions", also=_("devices sessions")),
    Command(_("Your data"), "shield", "data", also=_("privacy export erase delete account")),
)
PANEL = Command(_("Administration"), "gear", "admin:index", also=_("panel servers models people"))
ACTIONS = (
    Command(_("Write a message"), "pen", action="compose", also=_("question composer"), keys=("/", "Shift+Escape")),
    Command(_("Stop the answer"), "stop", action="stop", also=_("cancel"), keys=("s", "Ctrl+.")),
    Command(_("Copy the last answer"), "copy", action="copy", also=_("clipboard"), keys=("c",)),
    Command(_("Next conversation"), "down", action="next", also=_("older"), keys=("j",)),
    Command(_("Previous conversation"), "up", action="previous", also=_("newer"), keys=("k",)),
    Command(_("Light or dark"), "retry", action="theme", also=_("theme colours mode night")),
    Command(_("Keyboard shortcuts"), "more", action="shortcuts", also=_("keys help"), keys=("?",)),
    Command(_("Sign out"), "out", action="sign-out", also=_("log out leave")),
)


def commands(user: User) -> list[Command]:
    return [*PAGES, *([PANEL] if user.is_staff else []), *ACTIONS]


def shortcuts() -> list[Command]:
    return [command for command in (OPEN, *PAGES, *ACTIONS) if command.keys]
