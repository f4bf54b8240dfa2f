import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse

from accounts import audit, rules
from accounts.audit import Kind, Outcome
from accounts.models import User

LATELY = 300  # seconds


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up, unless the panel says so: accounts are made by the set-up link and by invitations."""
        return rules.current().open_sign_up

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        saved: User = super().save_user(request, user, form, commit)
        if commit:
            audit.record(Kind.PERSON_ADDED, saved, actor=saved, detail="sign-up")
        return saved

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        audit.record(Kind.SIGN_IN_FAILED, user, outcome=Outcome.REFUSED, detail="deactivated")
        response: HttpResponse = super().respond_user_inactive(request, user)
        return response

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        _note_provider(request, user)
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        """As uvicorn says it, which believes the trusted proxies alone."""
        return str(request.META.get("REMOTE_ADDR") or "0.0.0.0")  # noqa: S104  (unknown)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Who signed in a moment ago has just shown who they are."""
        return bool(super().is_reauthentication_required(app=app, **kwargs)) and not _came_lately(context.request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing is mailed by the library."""


def _came_lately(request: HttpRequest) -> bool:
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < LATELY


def _note_provider(request: HttpRequest, user: User) -> None:
    """By which session of theirs it is, a provider can end this one."""
    records = get_authentication_records(request, user)
    by = next((record for record in reversed(records) if record["method"] == "socialaccount"), None)
    if by is None:
        return
    account = SocialAccount.objects.filter(user=user, provider=by["provider"], uid=by["uid"]).first()
    sid = account.extra_data.get("sid") if account else None
    data = {"provider": by["provider"], "uid": by["uid"], "sid": sid}
    UserSession.objects.filter(session_key=request.session.session_key).update(data=data)
