"""The audit log: who did what to whose rights, when and from where. Never what anybody wrote, and no secret.

Rows are only added; the database itself refuses to change one, and to remove one before its time (sql/audit.sql).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import origin

LONGEST_DETAIL = 200


class Kind(models.TextChoices):
    """All that is ever recorded."""

    SIGNED_IN = "signed-in", _("signed in")
    SIGN_IN_FAILED = "sign-in-failed", _("failed to sign in")
    SIGNED_OUT = "signed-out", _("signed out")
    SESSION_ENDED = "session-ended", _("ended a session")
    PASSWORD_CHANGED = "password-changed", _("changed a password")
    FACTOR_ADDED = "factor-added", _("added a second factor")
    FACTOR_REMOVED = "factor-removed", _("removed a second factor")
    FACTOR_RENEWED = "factor-renewed", _("renewed recovery codes")
    LOGIN_CONNECTED = "login-connected", _("connected single sign-on")
    LOGIN_DISCONNECTED = "login-disconnected", _("disconnected single sign-on")
    PERSON_ADDED = "person-added", _("added a person")
    PERSON_CHANGED = "person-changed", _("changed a person")
    PERSON_REMOVED = "person-removed", _("removed a person")
    PERSON_DEACTIVATED = "person-deactivated", _("deactivated a person")
    PERSON_ACTIVATED = "person-activated", _("activated a person")
    ROLE_CHANGED = "role-changed", _("changed a role")
    MEMBER_JOINED = "member-joined", _("added to a team")
    MEMBER_CHANGED = "member-changed", _("changed the role in a team")
    MEMBER_LEFT = "member-left", _("removed from a team")
    INVITED = "invited", _("made an invitation")
    INVITATION_ACCEPTED = "invitation-accepted", _("accepted an invitation")
    INVITATION_REVOKED = "invitation-revoked", _("revoked an invitation")
    KEY_ISSUED = "key-issued", _("issued an API key")
    KEY_ROTATED = "key-rotated", _("rotated an API key")
    KEY_CHANGED = "key-changed", _("changed an API key")
    KEY_REVOKED = "key-revoked", _("revoked an API key")
    WEBHOOK_ADDED = "webhook-added", _("added a webhook")
    WEBHOOK_CHANGED = "webhook-changed", _("changed a webhook")
    WEBHOOK_REMOVED = "webhook-removed", _("removed a webhook")
    GLASS_ASKED = "glass-asked", _("asked to break the glass")
    GLASS_GRANTED = "glass-granted", _("granted to break the glass")
    GLASS_LOOKED = "glass-looked", _("looked at usage behind glass")
    SETTING_ADDED = "setting-added", _("added to the configuration")
    SETTING_CHANGED = "setting-changed", _("changed the configuration")
    SETTING_REMOVED = "setting-removed", _("removed from the configuration")
    NOTICE_PUBLISHED = "notice-published", _("published a privacy notice")
    NOTICE_AGREED = "notice-agreed", _("agreed to a privacy notice")
    SHARE_GIVEN = "share-given", _("shared")
    SHARE_CHANGED = "share-changed", _("changed a share")
    SHARE_TAKEN = "share-taken", _("took a share back")
    SECRETS_ROTATED = "secrets-rotated", _("encrypted secrets anew")
    EXPORTED = "exported", _("exported")
    DELETED = "deleted", _("deleted")
    ERASURE_ASKED = "erasure-asked", _("asked for an erasure")
    ERASURE_WITHDRAWN = "erasure-withdrawn", _("took back the wish for an erasure")
    ERASED = "erased", _("erased a person")
    HANDED_OVER = "handed-over", _("handed over")
    HOLD_PLACED = "hold-placed", _("placed a legal hold")
    HOLD_RELEASED = "hold-released", _("released a legal hold")
    RETENTION = "retention", _("deleted what was over its time")


def kinds() -> list[tuple[str, Any]]:
    """For the column: a new kind needs no migration."""
    return list(Kind.choices)


class Outcome(models.TextChoices):
    DONE = "done", _("done")
    REFUSED = "refused", _("refused")


class AuditEvent(models.Model):
    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True, editable=False)
    kind = models.CharField(_("kind"), max_length=30, choices=kinds)
    # no constraint: who is removed leaves an id behind, as no row here may change
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="+",
        verbose_name=_("who"),
    )
    object_kind = models.CharField(_("what"), max_length=60, blank=True)
    object_id = models.CharField(_("which"), max_length=64, blank=True, db_index=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, default=Outcome.DONE)
    detail = models.CharField(_("detail"), max_length=LONGEST_DETAIL, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    request_id = models.CharField(_("request"), max_length=origin.LONGEST_ID, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("audit log")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.kind}"


def record(
    kind: Kind,
    about: models.Model | None = None,
    *,
    actor: Any = None,
    detail: str = "",
    outcome: Outcome = Outcome.DONE,
) -> None:
    """Part of the transaction at hand: what is rolled back was not done. `actor` is usually who sent the request.

    `detail` names fields, roles or ids, never a value that somebody typed.
    """
    AuditEvent.objects.create(
        kind=Kind(kind),
        actor_id=_id_of(actor) or _id_of(getattr(origin.request.get(), "user", None)),
        object_kind=about._meta.label_lower if about else "",
        object_id=str(about.pk)[:64] if about else "",
        outcome=outcome,
        detail=detail[:LONGEST_DETAIL],
        address=origin.address(),
        request_id=origin.request_id.get(),
    )


def _id_of(user: Any) -> UUID | None:
    return None if user is None or isinstance(user, AnonymousUser) else user.pk


def forget_before(moment: datetime) -> int:
    """The one way in which rows go."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('voliere.audit_before', %s, true)", [moment.isoformat()])
        forgotten, _per_model = AuditEvent.objects.filter(at__lt=moment).delete()
        cursor.execute("SELECT set_config('voliere.audit_before', '', true)")
    return forgotten
