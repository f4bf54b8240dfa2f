"""Single sign-on by OpenID Connect, on allauth's flow.

Ours is what it leaves open: a provider comes from the panel, its tokens are verified in full, an address alone proves
nothing, and groups become teams.
"""

import logging
import secrets
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import audit, dialling, groups, id_tokens
from accounts.audit import Kind, Outcome
from accounts.id_tokens import TokenRefused
from accounts.models import IdentityProvider, User

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
SCOPES = ["openid", "profile", "email"]
USUAL = ("sub", "email", "name", "preferred_username")

logger = logging.getLogger(__name__)


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        return [_app(each) for each in IdentityProvider.objects.active() if provider in (None, each.slug, KIND)]

    def get_requests_session(self) -> requests.Session:
        session: requests.Session = super().get_requests_session()
        session.max_redirects = 0  # whoever is asked answers; nobody sends us elsewhere
        session.trust_env = False
        for scheme in ("https://", "http://"):
            session.mount(scheme, dialling.Checked())
        return session

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return IdentityProvider.objects.active().filter(slug=sociallogin.account.provider, admits_new=True).exists()

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user: User = sociallogin.user
        user.email = str(data.get("email") or "").lower()
        user.name = str(data.get("name") or data.get("username") or "")[:150]
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """An address that somebody here has is not theirs for that: they sign in and connect the two themselves."""
        claims = getattr(sociallogin, "claims", {})
        if sociallogin.is_existing:
            groups.apply(sociallogin.account.provider, sociallogin.user, claims)
        elif sociallogin.state.get("process") != "connect":
            self._refuse_newcomer(request, sociallogin)

    def _refuse_newcomer(self, request: HttpRequest, sociallogin: Any) -> None:
        email = sociallogin.user.email
        why = "no_address" if not email else "taken" if User.objects.filter(email__iexact=email).exists() else ""
        if why:
            self._note_refusal(sociallogin.account.provider)
            context = {"why": why, "provider": sociallogin.provider.name}
            raise ImmediateHttpResponse(render(request, "socialaccount/refused.html", context, status=409))

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        user: User = super().save_user(request, sociallogin, form)
        audit.record(Kind.PERSON_ADDED, user, actor=user, detail=sociallogin.account.provider)
        groups.apply(sociallogin.account.provider, user, getattr(sociallogin, "claims", {}))
        return user

    def on_authentication_error(self, request: HttpRequest, provider: Any, **kwargs: Any) -> None:
        logger.warning("Sign-in by %s failed: %s", provider.sub_id, kwargs.get("exception") or kwargs.get("error"))
        self._note_refusal(provider.sub_id)

    def _note_refusal(self, slug: str) -> None:
        audit.record(Kind.SIGN_IN_FAILED, outcome=Outcome.REFUSED, detail=f"single sign-on: {slug}")


class Provider(OpenIDConnectProvider):  # type: ignore[misc]
    """Every sign-in has a nonce of its own, and nothing that a link says is passed on."""

    pkce_enabled_default = True

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponse:
        nonce = secrets.token_urlsafe(32)
        kwargs |= {"scope": SCOPES, "auth_params": {"nonce": nonce}, "nonce": nonce}
        response: HttpResponse = super().redirect(request, process, next_url, data, **kwargs)
        return response

    def serialize(self) -> dict[str, Any]:
        """By its short name: two providers may know us by the same client id."""
        return {"id": self.app.provider_id}

    def get_oauth2_adapter(self, request: HttpRequest) -> "Verifying":
        return Verifying(request, self.app.provider_id)

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Of what the provider tells nothing is kept but which session of theirs it is."""
        sid = data["id_token"].get("sid")
        return {"sid": sid} if isinstance(sid, str) else {}


KIND = Provider.id


class Verifying(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    state: dict[str, Any]

    @property
    def openid_config(self) -> dict[str, Any]:
        if not hasattr(self, "_checked"):
            self._checked = _consistent(super().openid_config, self.get_provider().app.settings["issuer"])
        return self._checked

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any) -> Any:
        claims = self.claims_of(app, kwargs["response"].get("id_token") or "", self.state.get("nonce") or "")
        told = {} if claims.get("email") else self._userinfo(token.token, claims["sub"])
        picked = _usual({**told, **claims})
        login = self.get_provider().sociallogin_from_response(request, {"id_token": claims, "userinfo": picked})
        login.claims = {**told, **claims}
        return login

    def claims_of(self, app: SocialApp, id_token: str, nonce: str) -> dict[str, Any]:
        try:
            return id_tokens.identity(
                id_token, self.keys(), issuer=self.openid_config["issuer"], client_id=app.client_id, nonce=nonce
            )
        except TokenRefused as error:
            raise OAuth2Error(str(error)) from error

    def keys(self) -> dict[str, Any]:
        return _json(self.openid_config["jwks_uri"])

    def _userinfo(self, access_token: str, subject: str) -> dict[str, Any]:
        if "userinfo_endpoint" not in self.openid_config:
            return {}
        told = _json(self.openid_config["userinfo_endpoint"], {"Authorization": f"Bearer {access_token}"})
        if told.get("sub") != subject:
            raise OAuth2Error("userinfo of somebody else")
        return told


class Callback(OAuth2CallbackView):  # type: ignore[misc]
    def _get_state(self, request: HttpRequest, provider: Any) -> Any:
        state, response = super()._get_state(request, provider)
        self.adapter.state = state or {}
        return state, response


def _app(provider: IdentityProvider) -> SocialApp:
    settings = {
        "issuer": provider.issuer,
        "server_url": f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
    }
    return SocialApp(
        provider=KIND,
        provider_id=provider.slug,
        name=provider.name,
        client_id=provider.client_id,
        secret=provider.client_secret,
        settings=settings,
    )


def _usual(claims: dict[str, Any]) -> dict[str, Any]:
    """What an account is made of, of whatever type it came as."""
    texts = {name: claims[name] for name in USUAL if isinstance(claims.get(name), str)}
    return texts | {"email_verified": claims.get("email_verified") is True}


def _json(address: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    with ProviderAdapter().get_requests_session() as session:
        response = session.get(address, headers=headers)
        response.raise_for_status()
        found = response.json()
    if not isinstance(found, dict):
        raise OAuth2Error("no JSON object")
    return found


def _consistent(config: Any, issuer: str) -> dict[str, Any]:
    """Raises OAuth2Error: who speaks for another issuer, or sends us to an address that is none, is not believed."""
    if not isinstance(config, dict) or str(config.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise OAuth2Error("not the configured issuer")
    here = urlsplit(issuer)
    for name in (*ENDPOINTS, *({"userinfo_endpoint"} & config.keys())):
        place = urlsplit(str(config.get(name, "")))
        if place.scheme != "https" and (place.scheme, place.hostname) != (here.scheme, here.hostname):
            raise OAuth2Error(f"{name} is no https:// address")
    return config
