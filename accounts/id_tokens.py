"""What an identity provider signs, and everything that has to be right about it before it is believed."""

import hmac
import time
from typing import Any

import jwt
from django.core.cache import cache

ALGORITHMS = [f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)] + ["EdDSA"]
LEEWAY = 30  # seconds: clocks differ
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_AGE = 300  # seconds


class TokenRefused(Exception):
    """With what is wrong, for the log. Nobody else is told."""


def identity(token: str, keys: dict[str, Any], *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of an id token that was made for this sign-in, now; raises TokenRefused."""
    claims = _verified(token, keys, issuer, client_id, ["exp", "iat", "iss", "aud", "sub"])
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if claims.get("azp", client_id if len(audiences) == 1 else None) != client_id:
        raise TokenRefused("made for another client")
    if not nonce or not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise TokenRefused("made for another sign-in")
    return claims


def logout(token: str, keys: dict[str, Any], *, issuer: str, client_id: str) -> dict[str, Any]:
    """The claims of a logout token, each believed once; raises TokenRefused."""
    claims = _verified(token, keys, issuer, client_id, ["iat", "iss", "aud", "jti", "events"])
    if not isinstance(claims["events"], dict) or LOGOUT_EVENT not in claims["events"] or "nonce" in claims:
        raise TokenRefused("no logout token")
    if not (claims.get("sub") or claims.get("sid")):
        raise TokenRefused("names nobody")
    if not cache.add(f"oidc-logout:{issuer}:{claims['jti']}"[:200], True, LOGOUT_AGE * 2):
        raise TokenRefused("used before")
    return claims


def _verified(token: str, keys: dict[str, Any], issuer: str, client_id: str, required: list[str]) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise TokenRefused(f"signed by {header.get('alg')}")
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(keys, header),
            algorithms=ALGORITHMS,
            issuer=issuer,
            audience=client_id,
            leeway=LEEWAY,
            options={"require": required},
        )
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise TokenRefused(str(error) or type(error).__name__) from error
    if "exp" not in claims and time.time() - claims["iat"] > LOGOUT_AGE:
        raise TokenRefused("too old")
    return claims


def _key(keys: dict[str, Any], header: dict[str, Any]) -> Any:
    known = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key.public_key_use in (None, "sig")]
    named = [key for key in known if key.key_id == header.get("kid")] if "kid" in header else known
    if len(named) != 1:
        raise TokenRefused("signed by an unknown key")
    return named[0]
