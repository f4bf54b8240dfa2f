"""What is recorded of signing in and of passwords and second factors, where the library tells by signals alone."""

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.socialaccount import signals as social
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from accounts import audit
from accounts.audit import Kind, Outcome


def connect() -> None:
    told = [
        (user_logged_in, _signed_in),
        (user_login_failed, _failed),
        (user_logged_out, _signed_out),
        (account.password_changed, _password),
        (account.password_set, _password),
        (account.password_reset, _password),
        (mfa.authenticator_added, _factor_added),
        (mfa.authenticator_removed, _factor_removed),
        (mfa.authenticator_reset, _factor_renewed),
        (mfa.authentication_failed, _factor_failed),
        (social.social_account_added, _connected),
        (social.social_account_removed, _disconnected),
    ]
    for signal, receiver in told:
        signal.connect(receiver, dispatch_uid=f"accounts.{receiver.__name__}")


def _signed_in(user: Any, request: Any = None, **kwargs: Any) -> None:
    records = request.session.get("account_authentication_methods") if request else None
    methods = [str(record.get("type") or record["method"]) for record in records or []]
    audit.record(Kind.SIGNED_IN, actor=user, detail=", ".join(methods))


def _failed(credentials: dict[str, Any], **kwargs: Any) -> None:
    from accounts.models import User  # models are not loaded when this module is

    about = User.objects.filter(email__iexact=str(credentials.get("email", ""))[:254]).first()
    audit.record(Kind.SIGN_IN_FAILED, about, outcome=Outcome.REFUSED, detail="password")


def _signed_out(user: Any, **kwargs: Any) -> None:
    if user is not None:
        audit.record(Kind.SIGNED_OUT, actor=user)


def _password(user: Any, **kwargs: Any) -> None:
    audit.record(Kind.PASSWORD_CHANGED, user, actor=user)


def _factor_added(user: Any, authenticator: Any, **kwargs: Any) -> None:
    audit.record(Kind.FACTOR_ADDED, user, detail=authenticator.type)


def _factor_removed(user: Any, authenticator: Any, **kwargs: Any) -> None:
    audit.record(Kind.FACTOR_REMOVED, user, detail=authenticator.type)


def _factor_renewed(user: Any, authenticator: Any, **kwargs: Any) -> None:
    audit.record(Kind.FACTOR_RENEWED, user, detail=authenticator.type)


def _factor_failed(user: Any, **kwargs: Any) -> None:
    audit.record(Kind.SIGN_IN_FAILED, user, outcome=Outcome.REFUSED, detail="second factor")


def _connected(sociallogin: Any, **kwargs: Any) -> None:
    audit.record(Kind.LOGIN_CONNECTED, sociallogin.user, actor=sociallogin.user, detail=sociallogin.account.provider)


def _disconnected(socialaccount: Any, **kwargs: Any) -> None:
    audit.record(Kind.LOGIN_DISCONNECTED, socialaccount.user, detail=socialaccount.provider)
