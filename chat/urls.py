from django.urls import path

from chat import views
from chat.consumers import ConversationConsumer

app_name = "chat"
urlpatterns = [
    path("", views.home, name="home"),
    path("conversations/", views.create, name="create"),
    path("c/<uuid:conversation>/", views.conversation, name="conversation"),
    path("c/<uuid:conversation>/messages/", views.messages, name="messages"),
    path("c/<uuid:conversation>/ask/", views.ask, name="ask"),
    path("c/<uuid:conversation>/rename/", views.rename, name="rename"),
    path("c/<uuid:conversation>/delete/", views.delete, name="delete"),
    path("c/<uuid:conversation>/files/", views.attach, name="attach"),
    path("c/<uuid:conversation>/files/<uuid:document>/remove/", views.detach, name="detach"),
    path("c/<uuid:conversation>/messages/<uuid:message>/stop/", views.stop, name="stop"),
    path("c/<uuid:conversation>/messages/<uuid:message>/retry/", views.retry, name="retry"),
    path("sources/<uuid:message>/<int:number>/", views.source, name="source"),
]
websocket_urlpatterns = [
    path("ws/conversations/<uuid:conversation>/", ConversationConsumer.as_asgi()),
]
