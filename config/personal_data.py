"""All that is a person's, gathered from the apps: each has a module `personal_data` (see `accounts.belongings`)."""

from collections.abc import Iterator

import accounts.personal_data
import chat.personal_data
import gateway.personal_data
import rag.personal_data
from accounts.belongings import Count, Heirloom, Part
from accounts.models import User


def export(user: User) -> Iterator[Part]:
    for app in (accounts, gateway, rag, chat):
        yield from app.personal_data.export(user)


def stored_files(user: User) -> list[str]:
    return [*rag.personal_data.stored_files(user), *accounts.personal_data.stored_files(user)]


def to_hand_over(user: User) -> list[Heirloom]:
    return [*rag.personal_data.to_hand_over(user), *chat.personal_data.to_hand_over(user)]


def hand_over(user: User, heirs: dict[str, str]) -> None:
    for key, heir in heirs.items():
        kind, _colon, pk = key.partition(":")
        rag.personal_data.hand_over(user, kind, pk, heir)
        chat.personal_data.hand_over(user, kind, pk, heir)


def erase(user: User, count: Count) -> None:
    """From the outside in: what names something goes before it."""
    for app in (chat, rag, gateway, accounts):
        app.personal_data.erase(user, count)
