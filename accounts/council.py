"""Works-council mode: nobody's use of models is looked at, unless two people say why, for whom and for how long.

While it is on (`HouseRules.works_council`), no page, export or API shows usage by person, and figures of teams are
shown only for groups of `FEWEST` people. Breaking the glass takes one admin who asks and another person, an admin or an
auditor, who grants it; the person concerned is told at once, each look is in the audit log, and it ends by itself.
"""

from collections.abc import Mapping, Set
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit, notifications, roles, rules
from accounts.audit import Outcome
from accounts.exceptions import AlreadyGranted, GrantRefused
from accounts.roles import May, Role

FEWEST = 5  # people in a group that figures are shown of
NO_TEAM = 0
ANSWERED_WITHIN = timedelta(days=3)


class BreakGlassQuerySet(models.QuerySet["BreakGlass"]):
    def waiting(self) -> Self:
        return self.filter(granted_at=None, asked_at__gt=timezone.now() - ANSWERED_WITHIN)

    def open_for(self, viewer: Any) -> Self:
        """Through which they may look now: only who asked, and while they are an admin."""
        asked = self.filter(what=BreakGlass.What.USAGE, asked_by=viewer, until__gt=timezone.now())
        return asked if viewer.is_active and roles.role_of(viewer) == Role.ADMIN else self.none()


class BreakGlass(models.Model):
    class What(models.TextChoices):
        USAGE = "usage", _("see the usage of one person")
        SWITCH_OFF = "switch-off", _("switch works-council mode off")

    what = models.CharField(_("what for"), max_length=10, choices=What, default=What.USAGE)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("whose usage"),
    )
    reason = models.TextField(_("reason"), max_length=500, help_text=_("The person concerned reads it."))
    hours = models.PositiveSmallIntegerField(
        _("for how many hours"), default=1, validators=[MinValueValidator(1), MaxValueValidator(24)]
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("asked by"), editable=False
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now, editable=False)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("granted by"),
        editable=False,
    )
    granted_at = models.DateTimeField(_("granted"), null=True, editable=False)
    until = models.DateTimeField(_("open until"), null=True, editable=False)

    objects = BreakGlassQuerySet.as_manager()

    class Meta:
        verbose_name = _("break-glass request")
        verbose_name_plural = _("break-glass requests")
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(
                name="break_glass_takes_two", condition=Q(granted_by=None) | ~Q(granted_by=F("asked_by"))
            ),
            models.CheckConstraint(name="break_glass_for_a_day_at_most", condition=Q(hours__gte=1, hours__lte=24)),
            models.CheckConstraint(
                name="break_glass_names_a_person",
                condition=Q(what="usage", person__isnull=False) | Q(what="switch-off", person=None),
                violation_error_message=_("Name the person whose usage it is about; to switch the mode off, nobody."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()} ({self.asked_at:%Y-%m-%d %H:%M})"

    @property
    def _detail(self) -> str:
        """For the audit log."""
        return f"{self.what} of {self.person_id} for {self.hours} h" if self.person_id else self.what

    @property
    def is_waiting(self) -> bool:
        return self.granted_at is None and self.asked_at > timezone.now() - ANSWERED_WITHIN

    @property
    def is_open(self) -> bool:
        return self.until is not None and self.until > timezone.now()

    def ask(self, asker: Any) -> None:
        """Save it for the first time."""
        self.asked_by = asker
        self.save()
        audit.record(audit.Kind.GLASS_ASKED, self, detail=self._detail)

    @transaction.atomic
    def grant(self, granter: Any) -> None:
        """By somebody else who is in office now, while who asked still is; raises GrantRefused, AlreadyGranted."""
        held = BreakGlass.objects.select_for_update(of=("self",)).select_related("asked_by", "person").get(pk=self.pk)
        if held.granted_at is not None:
            raise AlreadyGranted
        is_another = granter.pk != held.asked_by_id and roles.may(granter, May.SEE_AUDIT)
        if not (is_another and held.is_waiting and roles.may(held.asked_by, May.CHANGE_SETTINGS)):
            raise GrantRefused
        now = timezone.now()
        self.granted_by, self.granted_at, self.until = granter, now, now + timedelta(hours=held.hours)
        self.save(update_fields=["granted_by", "granted_at", "until"])
        audit.record(audit.Kind.GLASS_GRANTED, self, detail=held._detail)
        if held.person:
            who = {"asker": str(held.asked_by), "granter": str(granter)}
            notifications.give(
                held.person, notifications.Kind.GLASS_BROKEN, hours=str(held.hours), reason=held.reason, **who
            )
        else:
            rules.switch_council_off()


def is_on() -> bool:
    return rules.current().works_council


def opened(viewer: Any) -> list[Any]:
    """The ids of those whose usage they may look at now."""
    return list(BreakGlass.objects.open_for(viewer).values_list("person_id", flat=True))


def note_look(viewer: Any, persons: list[Any], what: str) -> None:
    """What is seen through broken glass is written down, and so is who tried without."""
    for person in persons:
        audit.record(audit.Kind.GLASS_LOOKED, actor=viewer, detail=f"{what} of {person}")
    if not persons:
        audit.record(audit.Kind.GLASS_LOOKED, actor=viewer, detail=what, outcome=Outcome.REFUSED)


def shown_as_others() -> set[int]:
    """The teams of which no figure of their own may be shown now, `NO_TEAM` being those who are in none. A group that
    nobody is in any more is as small as one can be: its figures are of those who were."""
    return folded(_members()) if is_on() else set()


def small_teams() -> set[int]:
    """Of which one figure would tell what single persons did, in works-council mode."""
    return {team for team, members in _members().items() if len(members) < FEWEST} if is_on() else set()


def _members() -> dict[int, set[Any]]:
    from accounts.models import Membership, Team, User  # whose module loads this one

    members: dict[int, set[Any]] = {team: set() for team in Team.objects.values_list("pk", flat=True)}
    members[NO_TEAM] = set(User.objects.filter(is_active=True, membership=None).values_list("pk", flat=True))
    for team, user in Membership.objects.filter(user__is_active=True).values_list("team_id", "user_id"):
        members.setdefault(team, set()).add(user)
    return members


def folded(members: Mapping[int, Set[Any]]) -> set[int]:
    """The teams that are shown as one, “others”: by how many people they have, never by how many of them called, or two
    reports beside each other would tell what one person did. The others are as many, too, if there are any."""
    by_size = sorted(members, key=lambda team: (len(members[team]), team))
    small = {team for team in by_size if len(members[team]) < FEWEST}
    for team in by_size:
        if not small or len(set().union(*(members[each] for each in small))) >= FEWEST:
            break
        small.add(team)
    return small
