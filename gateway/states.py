"""How an upstream is, in words."""

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway import rounds
from gateway.exceptions import KeyRefused, UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from gateway.models import Upstream

FAILURES = {
    UpstreamUnreachable.code: _("cannot be reached"),
    UpstreamBroken.code: _("breaks off its answers"),
    UpstreamTimeout.code: _("takes too long to answer"),
    rounds.LIST_FAILED: _("answers with errors"),
    KeyRefused.code: _("refuses the API key"),
    rounds.LIST_MISSING: _("has no list of models: does its address end in /v1?"),
    rounds.LIST_REFUSED: _("does not name its models: is the API key right?"),
}


def is_ill(upstream: Upstream) -> bool:
    return upstream.is_active and bool(upstream.failures and upstream.failing_since)


def told(upstream: Upstream) -> str:
    if not upstream.is_active:
        return gettext("switched off")
    if upstream.failures and upstream.failing_since:
        since = date_format(localtime(upstream.failing_since), "SHORT_DATETIME_FORMAT")
        failure = FAILURES.get(upstream.failure, gettext("fails calls"))
        return gettext("%(failure)s, since %(time)s") % {"failure": failure, "time": since}
    return gettext("answers") if upstream.probed_at else gettext("never asked yet")
