from django.urls import path

from rag import batch_views, document_views, search_views, sharing_views, views

app_name = "rag"
urlpatterns = [
    path("", views.collections, name="collections"),
    path("new/", views.create_collection, name="collection-create"),
    path("<uuid:pk>/", views.collection, name="collection"),
    path("search/", search_views.search, name="search"),
    path("<uuid:pk>/search/", search_views.search_collection, name="collection-search"),
    path("<uuid:pk>/try/", search_views.try_out, name="try-out"),
    path("<uuid:pk>/edit/", views.edit_collection, name="collection-edit"),
    path("<uuid:pk>/delete/", views.delete_collection, name="collection-delete"),
    path("<uuid:pk>/status/", views.collection_status, name="collection-status"),
    path("<uuid:pk>/upload/", batch_views.upload, name="upload"),
    path("<uuid:pk>/cancel/", batch_views.cancel_all, name="cancel-all"),
    path("<uuid:pk>/retry/", batch_views.retry_all, name="retry-all"),
    path("<uuid:pk>/move/", batch_views.move, name="move"),
    path("<uuid:pk>/shares/", sharing_views.share, name="share"),
    path("<uuid:pk>/shares/<int:share_id>/remove/", sharing_views.unshare, name="unshare"),
    path("documents/<uuid:pk>/", document_views.document, name="document"),
    path("documents/<uuid:pk>/pages/<int:page>/", document_views.page_picture, name="page-picture"),
    path("documents/<uuid:pk>/status/", document_views.document_status, name="document-status"),
    path("documents/<uuid:pk>/file/", document_views.download, name="download"),
    path("documents/<uuid:pk>/retry/", document_views.retry, name="retry"),
    path("documents/<uuid:pk>/cancel/", document_views.cancel, name="cancel"),
    path("documents/<uuid:pk>/delete/", document_views.delete_document, name="document-delete"),
]
