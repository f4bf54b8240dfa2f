"""Signing in by an identity provider, and being signed out by it."""

import logging
from typing import Any

import requests
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2LoginView
from allauth.usersessions.models import UserSession
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts import id_tokens, limits, sessions
from accounts.id_tokens import TokenRefused
from accounts.oidc import Callback, Verifying

logger = logging.getLogger(__name__)


@never_cache
@require_POST
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """On the way out there is a page of ours between: the content policy lets no form lead to another origin."""
    try:
        response: HttpResponse = OAuth2LoginView.adapter_view(Verifying(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except (requests.RequestException, OAuth2Error, ValueError) as error:
        logger.warning("The identity provider %s cannot be reached: %s", provider_id, type(error).__name__)
        return render(request, "socialaccount/unavailable.html", status=503)
    if response.status_code == 302:
        return render(request, "socialaccount/onward.html", {"address": response["Location"]})
    return response


@never_cache
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        response: HttpResponse = Callback.adapter_view(Verifying(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    return response


@csrf_exempt
@never_cache
@require_POST
def backchannel_logout(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Not a person but their provider asks, by a token that it signed."""
    if refusal := limits.refusal(request, "backchannel-logout", per_minute=600):
        return refusal
    adapter: Any = Verifying(request, provider_id)
    try:
        app = adapter.get_provider().app
        token = request.POST.get("logout_token", "")
        claims = id_tokens.logout(
            token, adapter.keys(), issuer=adapter.openid_config["issuer"], client_id=app.client_id
        )
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except (TokenRefused, OAuth2Error, requests.RequestException) as error:
        logger.warning("A logout by %s was refused: %s", provider_id, error)
        return HttpResponse(status=400)
    who = Q(data__sid=claims["sid"]) if claims.get("sid") else Q(data__uid=claims["sub"])
    for session in UserSession.objects.filter(who, data__provider=provider_id).select_related("user"):
        sessions.end(session)
    return HttpResponse(status=200)
