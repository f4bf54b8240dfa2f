from allauth.account import views as allauth_views
from django.urls import path

from accounts import views

# of allauth only what is offered: signing up answers that it is closed, e-mail management does not exist
urlpatterns = [
    path("setup/<str:token>/", views.set_up, name="setup"),
    path("login/", allauth_views.login, name="account_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("signup/", allauth_views.signup, name="account_signup"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("preferences/", views.preferences, name="preferences"),
    path("theme/", views.choose_theme, name="theme"),
    path("password/change/", allauth_views.password_change, name="account_change_password"),
    path("password/set/", allauth_views.password_set, name="account_set_password"),
]
