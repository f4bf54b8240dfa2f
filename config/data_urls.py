from django.urls import path

from config import data_views

urlpatterns = [
    path("data/", data_views.own_data, name="data"),
    path("data/export/", data_views.begin_export, name="data-export"),
    path("data/export/<uuid:pk>/", data_views.download_export, name="data-download"),
    path("data/erase/", data_views.erase, name="erase"),
    path("data/erase/confirm/", data_views.confirm_erasure, name="erase-confirm"),
    path("data/erase/withdraw/", data_views.withdraw_erasure, name="erase-withdraw"),
    path("erased/<str:code>/", data_views.erased, name="erased"),
]
