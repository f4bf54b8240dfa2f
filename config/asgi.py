import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  (needs the app registry)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from chat.urls import websocket_urlpatterns  # noqa: E402
from config.bodies import below, limited  # noqa: E402
from config.origins import same_origin  # noqa: E402
from gateway.api.asgi import application as gateway_application  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": below("/v1/", gateway_application, otherwise=limited(django_application)),
        "websocket": same_origin(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
