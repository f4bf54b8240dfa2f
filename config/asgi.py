import gc
import os
from collections.abc import Coroutine
from typing import Any

from asgiref.sync import markcoroutinefunction
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  (needs the app registry)
from channels.routing import URLRouter  # noqa: E402

from chat.api.assistants import OwnAssistants  # noqa: E402
from chat.urls import websocket_urlpatterns  # noqa: E402
from config.bodies import Application, Receive, Send, below, limited  # noqa: E402
from config.origins import named_as_ours, same_origin  # noqa: E402
from gateway.api import addresses as models  # noqa: E402
from gateway.api.asgi import application as api  # noqa: E402
from gateway.api.openapi import described  # noqa: E402
from rag.api import addresses as documents  # noqa: E402
from rag.api.searches import grounds  # noqa: E402
from rag.mcp import door  # noqa: E402

routes = described([*models.addresses(grounds, OwnAssistants()), *documents.addresses])
pages = below("/mcp", named_as_ours(api(door.addresses, prefix="")), otherwise=limited(django_application))
doors: dict[str, Application] = {
    "http": below("/v1/", api(routes), otherwise=pages),
    "websocket": same_origin(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
}


@markcoroutinefunction
def application(scope: dict[str, Any], receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
    """Hands on without waiting, unlike `channels.routing.ProtocolTypeRouter`: every delta of an answer passes all
    functions that wait for it."""
    return doors[scope["type"]](scope, receive, send)


# what is loaded by now stays, and most of what a call makes goes by itself: to look for the rest at each 700 new
# objects, as Python does unless told otherwise, is about a tenth of what a call costs (bench/gateway)
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 50, 50)
