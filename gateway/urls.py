from django.urls import path, re_path

from gateway import api

app_name = "gateway"
urlpatterns = [
    path("models", api.models, name="models"),
    path("models/<path:name>", api.model, name="model"),
    path("chat/completions", api.chat_completions, name="chat-completions"),
    path("embeddings", api.create_embeddings, name="embeddings"),
    re_path(r"", api.nothing_here),
]
