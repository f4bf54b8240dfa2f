from allauth.account import views as allauth_views
from allauth.socialaccount import views as social_views
from django.urls import include, path

from accounts import invitation_views, notification_views, oidc_views, session_views, views

# of allauth only what is offered: e-mail management does not exist, signing up mostly answers that it is closed
urlpatterns = [
    path("setup/<str:token>/", views.set_up, name="setup"),
    path("login/", allauth_views.login, name="account_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("signup/", allauth_views.signup, name="account_signup"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("preferences/", views.preferences, name="preferences"),
    path("theme/", views.choose_theme, name="theme"),
    path("notices/<int:pk>/put-away/", notification_views.put_away, name="notification-put-away"),
    path("password/change/", allauth_views.password_change, name="account_change_password"),
    path("password/set/", allauth_views.password_set, name="account_set_password"),
    path("2fa/", include("allauth.mfa.urls")),
    path("sessions/", session_views.own_sessions, name="sessions"),
    path("sessions/end/", session_views.end_all, name="sessions-end"),
    path("sessions/<int:pk>/end/", session_views.end_session, name="session-end"),
    path("invitations/", invitation_views.invitations, name="invitations"),
    path("invitations/<int:pk>/revoke/", invitation_views.revoke, name="invitation-revoke"),
    path("invitation/<str:token>/", invitation_views.accept, name="invitation"),
    path("connections/", social_views.connections, name="socialaccount_connections"),
    path("oidc/cancelled/", social_views.login_cancelled, name="socialaccount_login_cancelled"),
    path("oidc/<slug:provider_id>/login/", oidc_views.login, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", oidc_views.callback, name="openid_connect_callback"),
    path("oidc/<slug:provider_id>/logout/", oidc_views.backchannel_logout, name="oidc_backchannel_logout"),
]
