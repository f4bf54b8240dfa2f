from django.urls import URLPattern

app_name = "rag"
urlpatterns: list[URLPattern] = []
