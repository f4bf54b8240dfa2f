from django.urls import URLPattern

app_name = "chat"
urlpatterns: list[URLPattern] = []
websocket_urlpatterns: list[URLPattern] = []
