"""The notice on data protection: an admin writes it, each person agrees to it once, and to each new version again.

A published version neither changes nor goes. Without one nobody is asked. API keys go on.
"""

import time
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.audit import Kind
from accounts.exceptions import NoticeChanged

REMEMBERED = 2.0  # seconds: every request asks
MANY = 10_000  # agreements that a process remembers
LOCK = 0x5E7C  # any constant: the advisory lock that lets one at a time be published
LONGEST = 50_000  # characters

_known: "tuple[float, Notice | None] | None" = None
_agreed: set[tuple[UUID, int]] = set()  # what was agreed to stays so


class Notice(models.Model):
    version = models.PositiveIntegerField(_("version"), null=True, unique=True, editable=False)
    german = models.TextField(_("in German"), max_length=LONGEST, blank=True, help_text=_("As Markdown."))
    english = models.TextField(
        _("in English"),
        max_length=LONGEST,
        blank=True,
        help_text=_("As Markdown. Where one is empty, the other is shown."),
    )
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("privacy notice")
        verbose_name_plural = _("privacy notices")
        ordering = [models.F("version").desc(nulls_first=True), "-id"]

    def __str__(self) -> str:
        if self.version is None:
            return str(_("Draft"))
        return str(_("Version %(number)s") % {"number": self.version})

    def clean(self) -> None:
        if not (self.german.strip() or self.english.strip()):
            raise ValidationError(_("It says nothing yet: write it in German, in English, or both."))

    def text(self) -> tuple[str, str]:
        """In the reader's language if there is one, and the language it is in."""
        texts = {"de": self.german, "en": self.english}
        language = "de" if (translation.get_language() or "").startswith("de") else "en"
        if not texts[language].strip():
            language = "en" if language == "de" else "de"
        return texts[language], language

    @transaction.atomic
    def publish(self) -> None:
        """From now on everyone is asked. Published twice, it is the version it was."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        self.refresh_from_db()
        if self.published_at:
            return
        last = Notice.objects.aggregate(last=models.Max("version"))["last"] or 0
        self.version, self.published_at = last + 1, timezone.now()
        self.save(update_fields=["version", "published_at"])
        audit.record(Kind.NOTICE_PUBLISHED, self, detail=f"version {self.version}")
        forget()


class Agreement(models.Model):
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="agreements")
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="agreements")
    at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        constraints = [models.UniqueConstraint(fields=["user", "notice"], name="agreement_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.notice_id}"


def current() -> Notice | None:
    """The version that holds, as it stood a moment ago."""
    global _known
    if _known is None or time.monotonic() - _known[0] >= REMEMBERED:
        _known = (time.monotonic(), Notice.objects.exclude(published_at=None).order_by("-version").first())
    return _known[1]


def forget() -> None:
    global _known
    _known = None


def is_due(user: Any) -> bool:
    """Whether they must be served nothing before they have read what holds now."""
    if not user.is_authenticated or (notice := current()) is None or (user.pk, notice.pk) in _agreed:
        return False
    if not Agreement.objects.filter(user=user, notice=notice).exists():
        return True
    _remember(user.pk, notice.pk)
    return False


def agree(user: Any, version: str) -> None:
    """Twice is once. Raises `NoticeChanged` when it is not the version that holds now."""
    forget()
    notice = current()
    if notice is None or str(notice.version) != version:
        raise NoticeChanged
    with transaction.atomic():
        _row, is_new = Agreement.objects.get_or_create(user=user, notice=notice)
        if is_new:
            audit.record(Kind.NOTICE_AGREED, notice, actor=user, detail=f"version {notice.version}")


def _remember(user: UUID, notice: int) -> None:
    if len(_agreed) >= MANY:
        _agreed.clear()
    _agreed.add((user, notice))
