"""Asking an upstream what it serves; for commands, the panel and jobs, hence not async."""

import json
import ssl
from typing import Any

import httpx2
import openai

from gateway import exceptions
from gateway.models import Upstream
from gateway.refusals import refusal

TIMEOUT = 10.0  # seconds


def list_models(upstream: Upstream, timeout: float = TIMEOUT) -> list[dict[str, Any]]:
    """The entries of its model list; raises UpstreamError."""
    trust = ssl.create_default_context(cadata=upstream.certificate or None)
    http = httpx2.Client(follow_redirects=False, trust_env=False, verify=trust)
    limits = httpx2.Timeout(timeout, connect=min(timeout, upstream.connect_timeout))
    key = upstream.api_key or "none"  # the client insists on one; a server that wants none ignores it
    with openai.OpenAI(
        base_url=upstream.base_url, api_key=key, max_retries=0, timeout=limits, http_client=http
    ) as client:
        try:
            answer = json.loads(client.get("/models", cast_to=httpx2.Response).content)
        except openai.APIStatusError as error:
            raise refusal(error.status_code, error.body) from error
        except openai.APITimeoutError as error:
            raise exceptions.UpstreamTimeout from error
        except openai.APIConnectionError as error:
            unreachable = isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
            raise (exceptions.UpstreamUnreachable if unreachable else exceptions.UpstreamBroken) from error
        except ValueError as error:
            raise exceptions.UpstreamBroken from error
    models = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(models, list):
        raise exceptions.UpstreamBroken
    return [model for model in models if isinstance(model, dict) and isinstance(model.get("id"), str)]
