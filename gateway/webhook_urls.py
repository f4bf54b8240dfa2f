from django.urls import path

from gateway import webhook_views

app_name = "webhooks"
urlpatterns = [
    path("", webhook_views.own_webhooks, name="list"),
    path("new/", webhook_views.create, name="create"),
    path("<int:pk>/", webhook_views.log, name="log"),
    path("<int:pk>/edit/", webhook_views.edit, name="edit"),
    path("<int:pk>/rotate/", webhook_views.rotate, name="rotate"),
    path("<int:pk>/delete/", webhook_views.delete, name="delete"),
    path("<int:pk>/on/", webhook_views.switch_on, name="switch-on"),
    path("<int:pk>/deliveries/<uuid:delivery>/replay/", webhook_views.replay, name="replay"),
]
