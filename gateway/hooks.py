"""What the gateway tells webhooks: of quotas and of model servers."""

from django.db.models import Q

from accounts.models import User
from gateway import quotas
from gateway.deliveries import Tellers
from gateway.models import Event, Quota, Upstream

Content = dict[str, object]


def quota(user: User | None, object_id: str, with_content: bool) -> Content | None:
    """The house hears of those that are of no single person, nor of a team that is as good as one: that it was warned
    of says how much was used, even without the figure."""
    mine = Q(user=user) | Q(api_key__user=user) | Q(team__members=user)
    concerned = mine if user else Q(user=None, api_key=None, is_sealed=False)
    found = Quota.objects.with_seal().filter(concerned, pk=object_id).distinct().first()
    if found is None:
        return None
    about = {"id": found.pk, "unit": found.unit, "period": found.period, "limit": found.limit}
    named = {"quota": str(found)} if with_content else {}
    return about | {"used": quotas.used_now(found), "is_hard": found.is_hard} | named


def upstream(user: User | None, object_id: str, with_content: bool) -> Content | None:
    found = Upstream.objects.filter(pk=object_id).first()
    if found is None or user:
        return None
    since = found.failing_since.isoformat() if found.failing_since else None
    about: Content = {"id": found.pk, "failure": found.failure, "failing_since": since}
    return about | ({"name": found.name} if with_content else {})


TELLERS: Tellers = {
    Event.QUOTA_WARNING: quota,
    Event.QUOTA_EXHAUSTED: quota,
    Event.UPSTREAM_DOWN: upstream,
    Event.UPSTREAM_UP: upstream,
}
