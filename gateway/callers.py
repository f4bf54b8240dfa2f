from dataclasses import dataclass

from accounts.models import User
from gateway.models import ApiKey


@dataclass(frozen=True)
class Caller:
    """Who calls a model: the one principal for cookie, key, socket and job."""

    user: User
    api_key: ApiKey | None = None
