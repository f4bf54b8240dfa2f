"""The first admin: made from the environment or through a link that works until there is one."""

from urllib.parse import urljoin

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from accounts import admins
from accounts.exceptions import AlreadySetUp, SetupLinkInvalid
from accounts.models import User

LINK_MAX_AGE = 24 * 3600  # seconds; each start prints a fresh one
SALT = "accounts.setup"


def is_set_up() -> bool:
    return admins.is_one_there()


def setup_link() -> str | None:
    if is_set_up():
        return None
    token = signing.TimestampSigner(salt=SALT).sign("first admin").partition(":")[2]
    return str(urljoin(settings.PUBLIC_URL, reverse("setup", args=[token])))


def check_token(token: str) -> None:
    """Raises `SetupLinkInvalid` for a wrong or expired token, `AlreadySetUp` when the link has done its work."""
    try:
        signing.TimestampSigner(salt=SALT).unsign(f"first admin:{token}", max_age=LINK_MAX_AGE)
    except signing.BadSignature as error:
        raise SetupLinkInvalid from error
    if is_set_up():
        raise AlreadySetUp


@transaction.atomic
def create_admin(email: str, password: str, name: str = "") -> User:
    """Create the first admin; raises `AlreadySetUp` when somebody was quicker."""
    admins.lock()
    if is_set_up():
        raise AlreadySetUp
    return User.objects.create_superuser(email, password, name=name)
