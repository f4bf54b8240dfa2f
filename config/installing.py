"""What makes a browser offer to install Voliere: a manifest, and a page for when the server cannot be reached.

The service worker keeps that one page and its style sheets. It never keeps anything of a person's.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("mask-512.png", "512x512", "maskable"),
)


@require_GET
def manifest(request: HttpRequest) -> JsonResponse:
    home = reverse("chat:home")
    shortcuts = {_("New chat"): "chat:home", _("Temporary chat"): "chat:temporary", _("Knowledge"): "rag:collections"}
    content = {
        "id": home,
        "name": _("Voliere: chat and knowledge"),
        "short_name": "Voliere",
        "description": _("Chat with your organisation's own models and documents."),
        "lang": translation.get_language(),
        "dir": "ltr",
        "start_url": home,
        "scope": home,
        "display": "standalone",
        "background_color": "#f7f6f2",
        "theme_color": "#efede6",
        "icons": [
            {"src": static(f"img/{name}"), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in ICONS
        ],
        "shortcuts": [{"name": name, "url": reverse(page)} for name, page in shortcuts.items()],
    }
    response = JsonResponse(content, content_type="application/manifest+json")
    response["Vary"] = "Accept-Language, Cookie"
    return response


@never_cache
@require_GET
def service_worker(request: HttpRequest) -> HttpResponse:
    """At the root, because it may only serve addresses below its own."""
    return render(request, "service-worker.js", content_type="text/javascript")


@never_cache
@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """In the language it is asked for: it is kept by the browser, and holds for nobody in particular."""
    language = request.GET.get("language", "")
    known = language if language in dict(settings.LANGUAGES) else translation.get_language()
    with translation.override(known):
        return render(request, "offline.html")
