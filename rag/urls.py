from django.urls import path

from rag import document_views, views

app_name = "rag"
urlpatterns = [
    path("", views.collections, name="collections"),
    path("new/", views.create_collection, name="collection-create"),
    path("<uuid:pk>/", views.collection, name="collection"),
    path("<uuid:pk>/edit/", views.edit_collection, name="collection-edit"),
    path("<uuid:pk>/delete/", views.delete_collection, name="collection-delete"),
    path("<uuid:pk>/status/", views.collection_status, name="collection-status"),
    path("<uuid:pk>/upload/", views.upload, name="upload"),
    path("<uuid:pk>/shares/", views.share, name="share"),
    path("<uuid:pk>/shares/<int:share_id>/remove/", views.unshare, name="unshare"),
    path("documents/<uuid:pk>/", document_views.document, name="document"),
    path("documents/<uuid:pk>/pages/<int:page>/", document_views.page_picture, name="page-picture"),
    path("documents/<uuid:pk>/status/", document_views.document_status, name="document-status"),
    path("documents/<uuid:pk>/file/", document_views.download, name="download"),
    path("documents/<uuid:pk>/retry/", document_views.retry, name="retry"),
    path("documents/<uuid:pk>/delete/", document_views.delete_document, name="document-delete"),
]
