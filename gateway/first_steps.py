"""The first steps of a new house that concern models."""

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.first_steps import BACK, Step
from accounts.models import User
from gateway.models import Deployment, Quota, Upstream, UsageTotal


def steps(user: User) -> dict[str, Step]:
    return {"connect": _connect(), "try": _try(), "quota": _quota()}


def _connect() -> Step:
    return Step(
        _("Connect a model server"),
        _("What comes along only finds passages and quotes them; a language model answers in its own words."),
        _("Add a server"),
        f"{reverse('admin:gateway_upstream_add')}?{BACK}",
        Upstream.objects.filter(is_embedded=False).exists(),
    )


def _try() -> Step:
    """Of a server of one's own: the one that comes along answers from the first question on."""
    own = Deployment.objects.filter(upstream__is_embedded=False, kind=Deployment.Kind.CHAT)
    answered = UsageTotal.objects.filter(deployment__in=own, calls__gt=0, failed=0)
    first = own.filter(is_active=True, upstream__is_active=True).first()
    page = reverse("admin:gateway_deployment_change", args=[first.pk]) if first else _list()
    return Step(
        _("Try a model"),
        _("“Save and try” at the end of a model's page asks it one short question and shows what comes back."),
        _("Open the model"),
        f"{page}?{BACK}",
        answered.exists(),
    )


def _list() -> str:
    return reverse("admin:gateway_deployment_changelist")


def _quota() -> Step:
    return Step(
        _("Set a quota"),
        _("So that nobody uses up what all share: for a person, a team, a key, a model or the whole instance."),
        _("Add a quota"),
        f"{reverse('admin:gateway_quota_add')}?{BACK}",
        Quota.objects.exists(),
    )
