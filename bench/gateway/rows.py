"""What the benchmark needs in the database, and whether the counters are right afterwards. Import it once Django is set
up."""

import time

from django.db.models import F, Sum

from accounts.models import Membership, Team, User
from bench.gateway.mock_upstream import MODELS
from gateway.models import ApiKey, Deployment, Quota, Upstream, Usage

WIDE = 10**12
PATIENCE = 10.0  # seconds for the last calls to be settled


def create(upstream_url: str) -> str:
    """Return the secret of a key whose every call counts on eight quotas."""
    user, team = User.objects.create_user("bench@example.org"), Team.objects.create(name="bench")
    Membership.objects.create(user=user, team=team)
    upstream = Upstream.objects.create(name="mock", base_url=upstream_url)
    for model in MODELS:
        # no limit of calls at once: nobody shall wait in line here
        free = {"slots": None} if hasattr(Deployment, "slots") else {}
        Deployment.objects.create(upstream=upstream, name=model, model=model, **free)
    key, secret = ApiKey.create(user, "bench")
    for subject in ({"user": user}, {"team": team}, {"api_key": key}, {}):
        Quota.objects.create(unit=Quota.Unit.REQUESTS, period=Quota.Period.MINUTE, limit=WIDE, **subject)
        Quota.objects.create(unit=Quota.Unit.TOKENS, period=Quota.Period.MONTH, limit=WIDE, **subject)
    return secret


def complaints(calls: int) -> list[str]:
    """What is wrong with the counters after that many calls."""
    deadline = time.monotonic() + PATIENCE
    while Quota.objects.filter(reserved__gt=0).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    tokens = Usage.objects.aggregate(sum=Sum(F("input_tokens") + F("output_tokens")))["sum"]
    found = [f"{quota}: {quota.reserved} still reserved" for quota in Quota.objects.filter(reserved__gt=0)]
    for quota in Quota.objects.filter(unit=Quota.Unit.TOKENS).exclude(used=tokens):
        found.append(f"{quota}: {quota.used} used, {tokens} in the ledger")
    if (rows := Usage.objects.count()) != calls:
        found.append(f"{calls} calls, {rows} rows in the ledger")
    return found
