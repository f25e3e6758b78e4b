"""Sign-in and out, one's own account, and the people of a site. Accounts are given, not taken."""

from allauth.account import views as allauth_views
from allauth.mfa.base import views as mfa_views
from allauth.socialaccount import views as social_views
from allauth.socialaccount.providers.openid_connect import views as oidc_views
from django.urls import include, path
from django.views.generic import RedirectView

from . import member_views, views

urlpatterns = [
    path("accounts/", views.account, name="account"),
    path("accounts/login/", allauth_views.login, name="account_login"),
    path("accounts/logout/", allauth_views.logout, name="account_logout"),
    path(
        "accounts/password/change/", allauth_views.password_change, name="account_change_password"
    ),
    path("accounts/reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("accounts/2fa/", RedirectView.as_view(pattern_name="account"), name="mfa_index"),
    path("accounts/2fa/authenticate/", mfa_views.authenticate, name="mfa_authenticate"),
    path("accounts/2fa/reauthenticate/", mfa_views.reauthenticate, name="mfa_reauthenticate"),
    path("accounts/2fa/totp/", include("allauth.mfa.totp.urls")),
    path("accounts/2fa/recovery-codes/", include("allauth.mfa.recovery_codes.urls")),
    path("accounts/2fa/webauthn/", include("allauth.mfa.webauthn.urls")),
    path("accounts/oidc/<str:provider_id>/login/", oidc_views.login, name="openid_connect_login"),
    path(
        "accounts/oidc/<str:provider_id>/login/callback/",
        oidc_views.callback,
        name="openid_connect_callback",
    ),
    path(
        "accounts/oidc/cancelled/",
        social_views.login_cancelled,
        name="socialaccount_login_cancelled",
    ),
    path("accounts/connect/", views.connect, name="account-connect"),
    path("accounts/disconnect/", views.disconnect, name="account-disconnect"),
    path("accounts/session/", views.session, name="account-session"),
    path("accounts/signed-in/", views.signed_in, name="account-signed-in"),
    path("accounts/sessions/<int:session_id>/end/", views.session_end, name="session-end"),
    path("accounts/tokens/", views.tokens, name="tokens"),
    path("accounts/tokens/<int:token_id>/revoke/", views.token_revoke, name="token-revoke"),
    path("accounts/welcome/<str:key>/<str:token>/", views.welcome, name="account_welcome"),
    path("members/", member_views.members, name="members"),
    path("members/<slug:slug>/", member_views.members, name="members-of"),
    path("members/<slug:slug>/add/", member_views.member_add, name="member-add"),
    path("members/<slug:slug>/settings/", member_views.site_settings, name="site-settings"),
    path("members/<slug:slug>/<int:user_id>/", member_views.member_change, name="member-change"),
    path("people/", member_views.everybody, name="people"),
    path("people/add/", member_views.person_add, name="person-add"),
    path("people/sites/add/", member_views.site_add, name="site-add"),
    path("people/<int:user_id>/", member_views.person_change, name="person-change"),
]
