from django.urls import path

from gateway import views

app_name = "keys"
urlpatterns = [
    path("", views.own_keys, name="list"),
    path("new/", views.create, name="create"),
    path("<int:pk>/rotate/", views.rotate, name="rotate"),
    path("<int:pk>/revoke/", views.revoke, name="revoke"),
]
