from django.contrib import admin
from django.urls import include, path

from chat.admin import opinions
from config import health, installing, metrics

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics.scrape, name="metrics"),
    path("manifest.webmanifest", installing.manifest, name="manifest"),
    path("service-worker.js", installing.service_worker, name="service-worker"),
    path("offline/", installing.offline, name="offline"),
    path("accounts/", include("accounts.urls")),
    path("admin/opinions/", admin.site.admin_view(opinions), name="opinions"),
    path("admin/", admin.site.urls),
    path("keys/", include("gateway.urls")),
    path("webhooks/", include("gateway.webhook_urls")),
    path("knowledge/", include("rag.urls")),
    path("", include("chat.urls")),
]
