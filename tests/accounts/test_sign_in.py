"""Signing in and out with a password, and what happens to those who guess."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from qperfweb.core.models import TrailEvent

PASSWORD = "correct horse battery"
LOGIN = "/accounts/login/"

pytestmark = pytest.mark.django_db


def sign_in(client: Client, login: str, password: str = PASSWORD, **extra):
    return client.post(LOGIN, {"login": login, "password": password, **extra})


def confirm(client: Client) -> None:
    """Give the password again, as before something delicate."""
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("name", ["username", "email"])
def test_a_user_name_or_an_email_address_signs_in(name, user_of, site):
    reader = user_of("reader", site)
    client = Client()
    response = sign_in(client, getattr(reader, name).upper())
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(reader.pk)
    assert TrailEvent.objects.get(action="person.signed_in").actor == reader


def test_a_wrong_password_says_nothing_about_who_exists(user_of, site):
    reader = user_of("reader", site)
    wrong = sign_in(Client(), reader.username, "wrong").content.decode()
    nobody = sign_in(Client(), "nobody", "wrong").content.decode()
    sentence = "The username and/or password you specified are not correct"
    assert sentence in wrong
    assert sentence in nobody


def test_somebody_who_left_cannot_sign_in(user_of, site):
    gone = user_of("reader", site)
    gone.is_active = False
    gone.save()
    client = Client()
    response = sign_in(client, gone.username)
    assert response.status_code == 403
    assert "This account has been closed" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_guessing_is_stopped_even_when_the_last_guess_is_right(user_of, site):
    reader, other = user_of("reader", site), user_of("reader", site)
    client = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert sign_in(client, reader.username, "wrong").status_code == 200
    locked = sign_in(client, reader.username, "wrong")
    assert locked.status_code == 429
    assert "Too many failed sign-ins" in locked.content.decode()
    assert sign_in(client, reader.username).status_code == 429
    assert "_auth_user_id" not in client.session
    assert sign_in(Client(), other.username).status_code == 302


def test_signing_in_returns_to_the_page_that_asked_but_to_no_other_host(user_of, site):
    reader = user_of("reader", site)
    assert sign_in(Client(), reader.username, next="/trail/")["Location"] == "/trail/"
    elsewhere = sign_in(Client(), reader.username, next="https://elsewhere.example/")
    assert elsewhere["Location"] == "/"


def test_signing_out_ends_the_session(client_of, site):
    client = client_of("reader", site)
    assert client.post("/accounts/logout/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_failed_sign_ins_and_sign_outs_are_in_the_trail_without_what_was_typed(user_of, site):
    reader = user_of("reader", site)
    client = Client(REMOTE_ADDR="192.0.2.7")
    sign_in(client, reader.email, "wrong")
    sign_in(client, "my secret pass phrase", "wrong")
    sign_in(client, reader.username)
    client.post("/accounts/logout/")
    events = TrailEvent.objects.order_by("id").values_list("action", "object_id", "address")
    assert list(events) == [
        ("person.sign_in_failed", str(reader.pk), "192.0.2.7"),
        ("person.sign_in_failed", "", "192.0.2.7"),
        ("person.signed_in", str(reader.pk), "192.0.2.7"),
        ("person.signed_out", str(reader.pk), "192.0.2.7"),
    ]
    assert not TrailEvent.objects.filter(details__icontains="phrase").exists()


def test_nobody_makes_an_account_by_themselves():
    assert Client().get("/accounts/signup/").status_code == 404


def test_a_form_without_its_token_is_refused_in_plain_words(user_of, site):
    client = Client(enforce_csrf_checks=True)
    response = sign_in(client, user_of("reader", site).username)
    assert response.status_code == 403
    assert "This form is out of date" in response.content.decode()


def test_the_password_page_wants_the_old_one(client_of, site):
    client = client_of("reader", site)
    new = "another staple entirely"
    form = {"oldpassword": "wrong", "password1": new, "password2": new}
    client.post("/accounts/password/change/", form)
    client.user.refresh_from_db()
    assert client.user.check_password(PASSWORD)
    client.post("/accounts/password/change/", {**form, "oldpassword": PASSWORD})
    client.user.refresh_from_db()
    assert client.user.check_password(new)


@pytest.mark.parametrize("page", ["login/", "logout/", "password/change/", "reauthenticate/"])
def test_every_account_page_renders(page, client_of, site):
    client = Client() if page == "login/" else client_of("reader", site)
    response = client.get(f"/accounts/{page}")
    assert response.status_code == 200
    assert "not a cleared medical device" in response.content.decode().lower()
