"""Signing in through an OpenID Connect provider, and nobody taking an account over that way."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.test import Client

from qperfweb.accounts.models import Membership, User
from qperfweb.accounts.oidc import provider_settings
from qperfweb.core.models import TrailEvent
from tests.accounts.oidc_provider import CLIENT_ID, CLIENT_SECRET, running_provider
from tests.accounts.test_sign_in import confirm, sign_in

LOGIN = "/accounts/oidc/sso/login/"

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running():
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(running, settings, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(f"{CLIENT_SECRET}\n")
    environment = {
        "QPERF_OIDC_SERVER": running.address,
        "QPERF_OIDC_CLIENT_ID": CLIENT_ID,
        "QPERF_OIDC_CLIENT_SECRET_FILE": str(secret),
        "QPERF_OIDC_NAME": "Hospital sign-in",
    }
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(environment)
    running.says(sub="17", email="rowan@hospital.example", name="Rowan Reader")
    running.audience = CLIENT_ID
    return running


def go_through(client: Client, provider, start: str = LOGIN):
    """Follow the browser to the provider and back; the answer to its coming back."""
    away = client.get(start)
    assert away.status_code == 302, away.content
    assert away["Location"].startswith(f"{provider.address}/authorize")
    query = {k: v[0] for k, v in parse_qs(urlsplit(away["Location"]).query).items()}
    back = urlsplit(provider.authorize(query))
    return client.get(f"{back.path}?{back.query}")


def test_the_sign_in_page_offers_the_provider_only_where_there_is_one(provider, settings):
    assert "Hospital sign-in" in Client().get("/accounts/login/").content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "Hospital sign-in" not in Client().get("/accounts/login/").content.decode()
    assert Client().get(LOGIN).status_code == 404


def test_somebody_new_gets_an_account_that_sees_nothing(provider, site, in_site):
    client = Client()
    answer = go_through(client, provider)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    user = User.objects.get(socialaccount__uid="17")
    assert (user.full_name, user.has_usable_password()) == ("Rowan Reader", False)
    assert client.get("/api/studies/").status_code == 403
    assert client.get("/trail/").status_code == 403
    events = TrailEvent.objects.filter(object_id=str(user.pk)).order_by("id")
    assert [event.action for event in events] == ["person.created", "person.signed_in"]
    assert not SocialToken.objects.exists()

    Membership.objects.create(user=user, site=site, role="reader")
    again = Client()
    go_through(again, provider)
    assert again.get("/api/studies/").status_code == 200
    assert User.objects.filter(socialaccount__uid="17").count() == 1


def test_nobody_takes_an_account_over_by_its_e_mail_or_user_name(provider, user_of, site):
    victim = user_of("reader", site)
    provider.says(sub="99", email=victim.email.upper(), email_verified=True)
    client = Client()
    answer = go_through(client, provider)
    assert answer.status_code == 403
    assert "account with your e-mail address already" in answer.content.decode()
    assert "_auth_user_id" not in client.session

    provider.says(sub="99", preferred_username=victim.username)
    go_through(client, provider)
    assert client.session["_auth_user_id"] != str(victim.pk)
    assert not SocialAccount.objects.filter(user=victim).exists()


def test_an_account_is_connected_only_by_who_asked_for_it_on_the_page(provider, user_of, site):
    user = user_of("reader", site)
    client = Client()
    sign_in(client, user.username)
    # A link that somebody else put on a page does not connect anything.
    assert go_through(client, provider, f"{LOGIN}?process=connect").status_code == 403
    assert "/accounts/reauthenticate/" in client.post("/accounts/connect/")["Location"]
    confirm(client)
    asked = client.post("/accounts/connect/")
    assert "Whoever Hospital sign-in names next" in asked.content.decode()
    answer = go_through(client, provider, f"{LOGIN}?process=connect")
    assert answer["Location"] == "/accounts/"
    assert SocialAccount.objects.get(user=user).uid == "17"
    assert TrailEvent.objects.filter(action="person.single_sign_on_connected").exists()

    other = Client()
    go_through(other, provider)
    assert other.session["_auth_user_id"] == str(user.pk)
    client.post("/accounts/disconnect/")
    assert not SocialAccount.objects.exists()


def test_a_closed_account_does_not_open_through_the_provider(provider):
    go_through(Client(), provider)
    User.objects.filter(socialaccount__uid="17").update(is_active=False)
    client = Client()
    assert go_through(client, provider).status_code == 403
    assert "_auth_user_id" not in client.session


def test_two_subjects_another_audience_and_a_foreign_state_are_refused(provider):
    client = Client()
    provider.userinfo = {"sub": "18"}
    assert go_through(client, provider).status_code == 403
    provider.says(sub="17")
    provider.audience = "another client"
    assert go_through(client, provider).status_code == 403
    assert client.get(f"{LOGIN}callback/?code=x&state=made-up").status_code == 403
    assert "_auth_user_id" not in client.session


def test_leaving_the_provider_says_so(provider):
    client = Client()
    away = client.get(LOGIN)
    state = parse_qs(urlsplit(away["Location"]).query)["state"][0]
    answer = client.get(f"{LOGIN}callback/?error=access_denied&state={state}", follow=True)
    assert "You have not signed in" in answer.content.decode()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"QPERF_OIDC_SERVER": "http://idp.example"}, "https"),
        ({"QPERF_OIDC_CLIENT_ID": ""}, "QPERF_OIDC_CLIENT_ID"),
        ({"QPERF_OIDC_CLIENT_SECRET_FILE": "/nowhere"}, "cannot be read"),
    ],
)
def test_half_a_configuration_is_refused_in_words(changed, says, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    environment = {
        "QPERF_OIDC_SERVER": "https://idp.example",
        "QPERF_OIDC_CLIENT_ID": "qperf",
        "QPERF_OIDC_CLIENT_SECRET_FILE": str(secret),
    }
    with pytest.raises(ValueError, match=says):
        provider_settings(environment | changed)
    assert provider_settings({}) == {}
