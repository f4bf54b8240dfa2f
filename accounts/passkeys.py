"""Coming in by an invitation with a passkey instead of a password.

allauth's own sign-up by passkey wants an address that was verified by mail. Its ceremony is the same here; what stands
for the proof of the address is the invitation.
"""

from typing import Any
from uuid import UUID, uuid4

from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.webauthn.internal import auth, flows
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import inviting
from accounts.models import User
from accounts.signing_in import BACKEND

DRAWN = "invited_as"  # in the session: the id that the passkey knows its person by, before there is an account


def begin(request: HttpRequest) -> dict[str, Any]:
    """What the device is asked. Names are filled in by the page, for the device alone."""
    user = User(id=uuid4())
    request.session[DRAWN] = str(user.pk)
    return {"creation_options": auth.begin_registration(user, passwordless=True)}


def accept(request: HttpRequest, token: str, data: dict[str, Any]) -> None:
    """Raises as `inviting.accept` does. `data` is of a form that has looked at the credential."""
    with transaction.atomic():
        drawn = UUID(request.session.pop(DRAWN))
        user = inviting.accept(token, data["email"], data["name"], pk=drawn)
        name = _("Passkey of the invitation")
        authenticator = flows.signup_authenticator(request, user=user, name=name, credential=data["credential"])
    login(request, user, backend=BACKEND)
    post_authentication(request, authenticator, passwordless=True)
