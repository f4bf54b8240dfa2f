"""A person's sessions: where they are signed in, how it is told apart, and how one is ended."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from accounts import audit, origin
from accounts.audit import Kind
from accounts.models import User

NOTED_EVERY = timedelta(minutes=1)
MANY = 10_000  # sessions

_noted: dict[str, datetime] = {}  # by this process
# the order matters: each names those before it in what it says of itself
BROWSERS = [("Firefox", r"Firefox/"), ("Edge", r"Edg(e|A|iOS)?/"), ("Opera", r"OPR/"), ("Chrome", r"(Chrome|CriOS)/")]
BROWSERS += [("Safari", r"Safari/")]
DEVICES = [
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("Mac", r"Mac OS"),
]
DEVICES += [("Linux", r"Linux|X11")]


@dataclass(frozen=True)
class Shown:
    pk: int
    name: str
    address: str
    since: datetime
    last_used: datetime
    is_here: bool


def of(user: User, here: str | None) -> list[Shown]:
    """This one first, then the one used last."""
    known = UserSession.objects.purge_and_list(user)
    shown = [
        Shown(each.pk, name_of(each.user_agent), each.ip, each.created_at, each.last_seen_at, each.session_key == here)
        for each in known
    ]
    return sorted(shown, key=lambda each: (each.is_here, each.last_used), reverse=True)


def name_of(user_agent: str) -> str:
    browser = _first(BROWSERS, user_agent)
    device = _first(DEVICES, user_agent)
    if browser and device:
        return _("%(browser)s on %(device)s") % {"browser": browser, "device": device}
    return browser or device or _("An unknown browser")


def _first(table: list[tuple[str, str]], text: str) -> str:
    return next((name for name, pattern in table if re.search(pattern, text)), "")


def is_valid(store: Any, user_id: Any) -> bool:
    """For whoever asks outside of a request: there still, of an active person, with the password it began with."""
    engine: Any = import_module(settings.SESSION_ENGINE)
    found = engine.SessionStore(store.session_key).load() if store.session_key else {}
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or found.get(SESSION_KEY) != str(user.pk):
        return False
    known = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(found.get(HASH_SESSION_KEY, ""), each) for each in known)


def end(session: Any) -> None:
    session.end()
    audit.record(Kind.SESSION_ENDED, session.user, detail="1")


def end_others(user: User, keep: str | None = None) -> int:
    """All but the one with the key `keep`; returns how many there were."""
    ended = list(UserSession.objects.filter(user=user).exclude(session_key=keep or ""))
    for session in ended:
        session.end()
    if ended:
        audit.record(Kind.SESSION_ENDED, user, detail=str(len(ended)))
    return len(ended)


def note_use(request: HttpRequest) -> None:
    """Once a minute at most. A session from before sessions were listed gets its row here."""
    key, now = request.session.session_key, timezone.now()
    if key is None or now - _noted.get(key, datetime.min.replace(tzinfo=UTC)) < NOTED_EVERY:
        return
    if len(_noted) >= MANY:
        _noted.clear()
    _noted[key] = now
    address = origin.kept(request.META.get("REMOTE_ADDR", ""), "full") or "0.0.0.0"  # noqa: S104  (unknown)
    known = UserSession.objects.filter(session_key=key)
    if not known.update(last_seen_at=now, ip=address, user_agent=request.headers.get("User-Agent", "")[:200]):
        UserSession.objects.create_from_request(request)


def forget_ended() -> None:
    """Where somebody was signed in, and by which browser, is nobody's business once that is over."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def forget() -> None:
    _noted.clear()
