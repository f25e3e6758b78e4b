"""A second factor: codes of an app, recovery codes, guessing, and sites that require one."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from qperfweb.accounts.models import User
from qperfweb.accounts.tokens import create_token
from qperfweb.core.models import TrailEvent
from qperfweb.core.permissions import Verb, can
from tests.accounts.test_sign_in import confirm, sign_in

AUTHENTICATE = "/accounts/2fa/authenticate/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_code_is_used_yet():
    cache.clear()


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def set_up_app(client: Client, user: User) -> str:
    """Sign in and set up an authenticator app; its secret."""
    sign_in(client, user.username)
    confirm(client)
    page = client.get("/accounts/2fa/totp/activate/")
    assert page.status_code == 200, page
    secret = client.session["mfa.totp.secret"]
    assert secret in page.content.decode()
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    cache.clear()
    return str(secret)


def test_after_the_password_the_code_is_asked_for(user_of, site):
    user = user_of("reader", site)
    secret = set_up_app(Client(), user)
    client = Client()
    assert sign_in(client, user.username)["Location"] == AUTHENTICATE
    assert "_auth_user_id" not in client.session
    assert "Incorrect code" in client.post(AUTHENTICATE, {"code": "000000"}).content.decode()
    assert client.post(AUTHENTICATE, {"code": code_of(secret)})["Location"] == "/"
    assert client.session["_auth_user_id"] == str(user.pk)
    # The same code a second time is somebody who looked over the shoulder.
    other = Client()
    sign_in(other, user.username)
    other.post(AUTHENTICATE, {"code": code_of(secret)})
    assert "_auth_user_id" not in other.session


def test_a_recovery_code_opens_once(user_of, site):
    user = user_of("reader", site)
    set_up_app(Client(), user)
    codes = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()
    assert len(codes) == 10
    for attempt, opens in ((codes[0], True), (codes[0], False), (codes[1], True)):
        client = Client()
        sign_in(client, user.username)
        client.post(AUTHENTICATE, {"code": attempt})
        assert ("_auth_user_id" in client.session) is opens


def test_guessing_codes_is_stopped_like_guessing_passwords(user_of, site):
    user = user_of("reader", site)
    secret = set_up_app(Client(), user)
    client = Client()
    sign_in(client, user.username)
    answers = [
        client.post(AUTHENTICATE, {"code": "000000"}).status_code
        for _ in range(settings.AXES_FAILURE_LIMIT)
    ]
    assert answers[-1] == 429
    client.post(AUTHENTICATE, {"code": code_of(secret)})
    assert "_auth_user_id" not in client.session
    failed = TrailEvent.objects.filter(action="person.sign_in_failed", object_id=str(user.pk))
    assert failed.count() == settings.AXES_FAILURE_LIMIT


def test_the_database_holds_no_secret_in_the_clear(user_of, site):
    user = user_of("reader", site)
    secret = set_up_app(Client(), user)
    stored = [str(row.data) for row in Authenticator.objects.filter(user=user)]
    assert len(stored) == 2
    assert not any(secret in text for text in stored)


def test_a_requiring_site_opens_only_after_a_second_factor(user_of, site, other_site, in_site):
    site.second_factor_required = True
    site.save()
    user = user_of("reader", site)
    client = Client()
    sign_in(client, user.username)
    led = client.get("/")
    assert (led.status_code, led["Location"]) == (302, "/accounts/")
    assert "requires a second factor" in client.get("/accounts/").content.decode()
    refused = client.get("/api/studies/")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "second_factor_required"
    assert not can(User.objects.get(pk=user.pk), Verb.VIEW_STUDY, site)

    set_up_app(client, user)
    assert client.get("/").status_code == 200
    assert client.get("/api/studies/").status_code == 200
    actions = set(TrailEvent.objects.filter(actor=user).values_list("action", flat=True))
    assert "person.second_factor_added" in actions

    # A session from before, opened with the password alone, is no way around it.
    older = Client()
    older.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert older.get("/api/studies/").status_code == 403


def test_taking_the_factor_away_closes_the_requiring_site_again(user_of, site):
    site.second_factor_required = True
    site.save()
    user = user_of("reader", site)
    client = Client()
    set_up_app(client, user)
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.filter(user=user).exists()
    assert client.get("/api/studies/").status_code == 403
    assert TrailEvent.objects.filter(action="person.second_factor_removed").exists()


def test_an_api_token_works_at_a_requiring_site_within_its_scope(user_of, site):
    from datetime import timedelta

    site.second_factor_required = True
    site.save()
    user = user_of("reader", site)
    token = create_token(user, site, scope="read", name="pacs", valid_for=timedelta(days=1))
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/studies/", headers=headers).status_code == 200
    assert Client().post("/api/uploads/", headers=headers).status_code == 403


def test_setting_one_up_asks_for_the_password_of_an_old_session(client_of, site):
    answer = client_of("reader", site).get("/accounts/2fa/totp/activate/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/reauthenticate/")
