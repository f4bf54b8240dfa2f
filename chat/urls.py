from django.urls import path

from chat import history_views, memory_views, project_views, sharing_views, temporary_views, transfer_views, views
from chat.consumers import ConversationConsumer

app_name = "chat"
urlpatterns = [
    path("", views.home, name="home"),
    path("conversations/", views.create, name="create"),
    path("c/<uuid:conversation>/", views.conversation, name="conversation"),
    path("c/<uuid:conversation>/messages/", views.messages, name="messages"),
    path("c/<uuid:conversation>/ask/", views.ask, name="ask"),
    path("c/<uuid:conversation>/files/", views.attach, name="attach"),
    path("c/<uuid:conversation>/files/<uuid:document>/remove/", views.detach, name="detach"),
    path("c/<uuid:conversation>/messages/<uuid:message>/stop/", views.stop, name="stop"),
    path("c/<uuid:conversation>/messages/<uuid:message>/retry/", views.retry, name="retry"),
    path("history/", history_views.history, name="history"),
    path("history/sidebar/", history_views.older, name="sidebar"),
    path("search/", history_views.search, name="search"),
    path("c/<uuid:conversation>/options/", history_views.options, name="options"),
    path("c/<uuid:conversation>/rename/", history_views.rename, name="rename"),
    path("c/<uuid:conversation>/pin/", history_views.pin, name="pin"),
    path("c/<uuid:conversation>/archive/", history_views.archive, name="archive"),
    path("c/<uuid:conversation>/move/", history_views.move, name="move"),
    path("c/<uuid:conversation>/delete/", history_views.delete, name="delete"),
    path("c/<uuid:conversation>/restore/", history_views.restore, name="restore"),
    path("projects/new/", project_views.create_project, name="project-create"),
    path("projects/<uuid:project>/", project_views.project, name="project"),
    path("projects/<uuid:project>/edit/", project_views.edit_project, name="project-edit"),
    path("projects/<uuid:project>/delete/", project_views.delete_project, name="project-delete"),
    path("projects/<uuid:project>/files/", project_views.attach_to_project, name="project-attach"),
    path(
        "projects/<uuid:project>/files/<uuid:document>/remove/",
        project_views.detach_from_project,
        name="project-detach",
    ),
    path("c/<uuid:conversation>/share/", sharing_views.share, name="share"),
    path("c/<uuid:conversation>/share/update/", sharing_views.update_share, name="share-update"),
    path("c/<uuid:conversation>/share/revoke/", sharing_views.revoke_share, name="share-revoke"),
    path("shared/", sharing_views.shares, name="shares"),
    path("shared/<uuid:share>/", sharing_views.shared, name="shared"),
    path("shared/<uuid:share>/copy/", sharing_views.copy_share, name="shared-copy"),
    path("temporary/", temporary_views.temporary_page, name="temporary"),
    path("temporary/ask/", temporary_views.ask_temporarily, name="temporary-ask"),
    path("memory/", memory_views.remembered, name="memory"),
    path("memory/switch/", memory_views.switch, name="memory-switch"),
    path("memory/clear/", memory_views.forget_all, name="memory-clear"),
    path("memory/<uuid:fact>/", memory_views.correct, name="memory-correct"),
    path("memory/<uuid:fact>/delete/", memory_views.forget, name="memory-forget"),
    path("transfer/", transfer_views.transfer, name="transfer"),
    path("transfer/import/", transfer_views.take_over, name="import"),
    path("transfer/<slug:format>/", transfer_views.export_all, name="export-all"),
    path("c/<uuid:conversation>/export/<slug:format>/", transfer_views.export, name="export"),
    path("sources/<uuid:message>/<int:number>/", views.source, name="source"),
]
websocket_urlpatterns = [
    path("ws/conversations/<uuid:conversation>/", ConversationConsumer.as_asgi()),
]
