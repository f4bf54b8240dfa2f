from django.contrib import admin
from django.urls import include, path

from chat.admin import opinions
from config import (
    about,
    data_views,
    effective,
    first_steps,
    health,
    installing,
    jobs,
    metrics,
    notice,
    records_views,
    rest,
)
from gateway.usage_views import usage

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics.scrape, name="metrics"),
    path("manifest.webmanifest", installing.manifest, name="manifest"),
    path("service-worker.js", installing.service_worker, name="service-worker"),
    path("about/", about.about, name="about"),
    path("usage/", usage, name="usage"),
    path("notice/", notice.notice, name="notice"),
    path("notice/<int:pk>/", notice.version, name="notice-version"),
    path("offline/", installing.offline, name="offline"),
    path("accounts/", include("config.data_urls")),
    path("accounts/", include("accounts.urls")),
    path("admin/first-steps/", admin.site.admin_view(first_steps.put_away), name="first-steps"),
    path("admin/settings/", admin.site.admin_view(effective.page), name="effective-settings"),
    path("admin/jobs/", admin.site.admin_view(jobs.page), name="jobs"),
    path("admin/erase/<uuid:pk>/", admin.site.admin_view(data_views.erase_person), name="erase-person"),
    path("admin/records/", admin.site.admin_view(records_views.records), name="records"),
    path("admin/records/<slug:ending>/", admin.site.admin_view(records_views.download), name="records-download"),
    path("admin/opinions/", admin.site.admin_view(opinions), name="opinions"),
    path("admin/", admin.site.urls),
    path("api/v1/", include(rest.pages)),
    path("api/v1/", include((rest.urlpatterns(), "api"))),
    path("keys/", include("gateway.urls")),
    path("webhooks/", include("gateway.webhook_urls")),
    path("knowledge/", include("rag.urls")),
    path("", include("chat.urls")),
]
