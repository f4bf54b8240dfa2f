"""Second factors: how they are kept, and who has to have one before anything else."""

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator

from accounts import encryption, roles, rules
from accounts.single_sign_on import IdentityProvider

REAL = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]  # recovery codes alone are none


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Secrets of authenticator apps are encrypted at rest; who must have a factor keeps the last one."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypted(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypted(encrypted_text)

    def _get_site_name(self) -> str:
        return "Voliere"

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        user = authenticator.user
        others = Authenticator.objects.filter(user=user, type__in=REAL).exclude(pk=authenticator.pk)
        return others.exists() or authenticator.type not in REAL or not is_required_of(user)


def is_required_of(user: Any) -> bool:
    required = set(rules.current().second_factor_for)
    return bool(required) and bool(required & roles.roles_held(user))


def has_one(user: Any) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=REAL).exists())


def is_missing(user: Any, session: Any) -> bool:
    """Whether this session must not be served anything but the way to a second factor."""
    if not (user.is_authenticated and is_required_of(user)):
        return False
    return not has_one(user) and not _had_one_elsewhere(session)


def _had_one_elsewhere(session: Any) -> bool:
    records = session.get("account_authentication_methods") or []
    slugs = [record.get("provider") for record in records if record.get("method") == "socialaccount"]
    return IdentityProvider.objects.active().filter(slug__in=slugs, has_second_factor=True).exists()
