"""One's own account: second factor, open sign-ins, tokens, single sign-on, first password."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qperfweb.accounts import people, sessions, single_sign_on
from qperfweb.accounts.models import ApiToken, Site
from qperfweb.accounts.oidc import PROVIDER
from qperfweb.accounts.tokens import create_token
from qperfweb.core.audit import record
from qperfweb.core.errors import Invalid, NotFound, NotSignedIn, error_body
from qperfweb.core.permissions import Verb, sites_of
from qperfweb.core.rls import site_scope

LONGEST_TOKEN_DAYS = 366


class TokenForm(forms.Form):
    """What a new token is for."""

    name = forms.CharField(max_length=80, label="What it is for")
    site = forms.ModelChoiceField(Site.objects.none(), label="Site", empty_label=None)
    scope = forms.ChoiceField(choices=ApiToken.Scope.choices, label="It may")
    days = forms.IntegerField(
        min_value=1, max_value=LONGEST_TOKEN_DAYS, initial=90, label="Ends after days"
    )

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = Site.objects.filter(pk__in=sites_of(user))
        # The field is a ModelChoiceField; the stubs know only Field.
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]


@require_safe
@login_required
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """Everything about one's own sign-in on one page."""
    user: Any = request.user
    factors = Authenticator.objects.filter(user_id=user.pk)
    wanting = user.sites_wanting_second_factor()
    context = {
        "sites_wanting": Site.objects.filter(pk__in=wanting),
        "app": factors.filter(type=Authenticator.Type.TOTP).first(),
        "keys": factors.filter(type=Authenticator.Type.WEBAUTHN),
        "codes": factors.filter(type=Authenticator.Type.RECOVERY_CODES).first(),
        "sessions": sessions.open_sessions(request),
        "memberships": user.memberships.select_related("site").order_by("site__name", "role"),
        "provider": _provider_name(),
        "connected": single_sign_on.connected(user),
    }
    return render(request, "accounts/account.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
def session(request: HttpRequest) -> HttpResponse:
    """How long this sign-in still lasts; a POST says that its person is there."""
    if not request.user.is_authenticated or getattr(request.user, "token_verbs", None) is not None:
        return JsonResponse(error_body("not_signed_in", str(NotSignedIn().message)), status=401)
    if request.method == "POST":
        sessions.prolong(request)
    return JsonResponse(sessions.session_state(request))


@require_safe
@login_required
@never_cache
def signed_in(request: HttpRequest) -> HttpResponse:
    """Where signing in again ends: the page tells the window that waits, and closes."""
    return render(request, "accounts/signed_in.html")


@require_POST
@login_required
def session_end(request: HttpRequest, session_id: int) -> HttpResponse:
    sessions.end_session(request, session_id)
    messages.info(request, "That sign-in has ended.")
    return HttpResponseRedirect(reverse("account"))


@require_POST
@login_required
# allauth's decorator has no types.
@reauthentication_required()  # type: ignore[untyped-decorator]
def connect(request: HttpRequest) -> HttpResponse:
    """Begin to connect this account with the sign-in service; the page's link leads there."""
    if not _provider_name():
        raise NotFound("There is no single sign-on here.")
    single_sign_on.ask_to_connect(request)
    address = reverse("openid_connect_login", args=[PROVIDER]) + "?process=connect"
    context = {"address": address, "provider": _provider_name()}
    return render(request, "accounts/connect.html", context)


@require_POST
@login_required
# allauth's decorator has no types.
@reauthentication_required()  # type: ignore[untyped-decorator]
def disconnect(request: HttpRequest) -> HttpResponse:
    single_sign_on.disconnect(request.user)
    messages.info(request, "The connection is taken back.")
    return HttpResponseRedirect(reverse("account"))


@require_http_methods(["GET", "POST"])
@login_required
# allauth's decorator has no types.
@reauthentication_required()  # type: ignore[untyped-decorator]
@never_cache
def tokens(request: HttpRequest) -> HttpResponse:
    """One's own API tokens and, for a site administrator, those of the site; make one."""
    user: Any = request.user
    form = TokenForm(user, request.POST if request.method == "POST" else None)
    made = ""
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        with site_scope([chosen["site"].pk]):
            made = create_token(
                user,
                chosen["site"],
                scope=chosen["scope"],
                name=chosen["name"],
                valid_for=timedelta(days=chosen["days"]),
            )
            details = {"scope": chosen["scope"], "days": chosen["days"]}
            record(user, "token.created", user, site=chosen["site"], details=details)
        form = TokenForm(user)
    every = ApiToken.objects.select_related("site", "user").order_by("-id")
    managed = sites_of(user, Verb.MANAGE_SITE)
    context = {
        "form": form,
        "made": made,
        "own": every.filter(user=user),
        "of_sites": every.filter(site_id__in=managed).exclude(user=user),
    }
    return render(request, "accounts/tokens.html", context, status=400 if form.errors else 200)


@require_POST
@login_required
def token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    user: Any = request.user
    people.token_revoke(user, get_object_or_404(ApiToken, pk=token_id))
    messages.info(request, "The token works no longer.")
    return HttpResponseRedirect(reverse("tokens"))


@require_http_methods(["GET", "POST"])
@never_cache
def welcome(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """Choose the first password, by the address that an administrator handed over."""
    person = people.person_of_link(key, token)
    error = ""
    if request.method == "POST":
        first, again = request.POST.get("password", ""), request.POST.get("again", "")
        try:
            if first != again:
                raise Invalid("The two passwords differ.")
            people.password_choose(person, first)
        except Invalid as problem:
            error = problem.message
        else:
            messages.success(request, "Your password is set. Sign in with it.")
            return HttpResponseRedirect(reverse("account_login"))
    context = {"person": person, "error": error}
    return render(request, "accounts/welcome.html", context, status=400 if error else 200)


def _provider_name() -> str:
    apps = settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect", {}).get("APPS", [])
    return str(apps[0]["name"]) if apps else ""
