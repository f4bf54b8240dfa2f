"""Who sent this request to /v1: its bearer key decides, and nothing else. A session's cookie opens nothing here."""

from gateway.callers import Caller, by_secret
from gateway.exceptions import NotAuthenticated


async def authenticated(authorization: str) -> Caller:
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise NotAuthenticated
    return await by_secret(secret.strip())
