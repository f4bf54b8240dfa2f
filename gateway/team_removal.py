"""What becomes of quotas and models when a team is removed."""

from collections.abc import Iterator

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Team
from gateway.models import Deployment, Quota


def told(team: Team) -> Iterator[str]:
    if count := Quota.objects.filter(team=team).count():
        yield ngettext(
            "%(count)s quota goes with it: nothing is held back by it any more.",
            "%(count)s quotas go with it: nothing is held back by them any more.",
            count,
        ) % {"count": count}
    theirs = Deployment.objects.filter(teams=team).values("pk")
    alone = Deployment.objects.filter(pk__in=theirs).annotate(offered=Count("teams")).filter(offered=1)
    if names := list(alone.order_by("name").values_list("name", flat=True)):
        text = _("Offered to this team alone, and to everyone from then on: %(models)s. Switch off what should not be.")
        yield text % {"models": ", ".join(names)}
