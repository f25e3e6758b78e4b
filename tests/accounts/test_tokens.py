"""API tokens: one person, one site, a scope, an end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from qperfweb.accounts.models import ApiToken
from qperfweb.accounts.tokens import create_token, user_of_token
from qperfweb.core.permissions import Verb, can, is_system_administrator, sites_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def make(user_of, site, other_site):
    user = user_of("reader", site, other_site)

    def make(scope: str = "all", valid_for: timedelta = timedelta(days=1)) -> str:
        return create_token(user, site, scope=scope, name="test", valid_for=valid_for)

    return make


def get(token: str):
    return Client().get("/api/schema/", headers={"authorization": f"Bearer {token}"})


def test_a_token_signs_a_program_in(make):
    assert get(make()).status_code == 200
    assert Client().get("/api/schema/").status_code == 401


def test_a_token_is_bound_to_its_site(make, site, other_site):
    user = user_of_token(make())
    assert sites_of(user) == [site.pk]
    assert can(user, Verb.VIEW_STUDY, site)
    assert not can(user, Verb.VIEW_STUDY, other_site)


def test_a_scope_narrows_what_its_user_may_do_and_never_allows_signing(make, site):
    read, send, everything = (user_of_token(make(scope)) for scope in ("read", "send", "all"))
    assert can(read, Verb.VIEW_STUDY, site)
    assert not can(read, Verb.UPLOAD, site)
    assert can(send, Verb.UPLOAD, site)
    assert not can(send, Verb.EDIT_READING, site)
    assert can(everything, Verb.EDIT_READING, site)
    assert not can(everything, Verb.SIGN_READING, site)


def test_a_token_gives_no_more_than_its_user_has(user_of, site):
    token = create_token(
        user_of("auditor", site), site, scope="all", name="test", valid_for=timedelta(days=1)
    )
    assert not can(user_of_token(token), Verb.UPLOAD, site)


def test_an_administrators_token_does_not_run_the_installation(user_of, site):
    administrator = user_of("administrator")
    token = create_token(administrator, site, scope="all", name="test", valid_for=timedelta(days=1))
    assert not is_system_administrator(user_of_token(token))


def test_ended_revoked_and_invented_tokens_are_refused(make):
    ended = make(valid_for=timedelta(seconds=-1))
    revoked = make()
    ApiToken.objects.filter(token_sha256__isnull=False).exclude(
        expires_at__lt=timezone.now()
    ).update(revoked_at=timezone.now())
    for token in (ended, revoked, "qpw_invented", ""):
        response = get(token)
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == "Bearer"
        assert response.json()["error"]["code"] == "not_signed_in"


def test_only_a_hash_of_the_token_is_kept(make):
    token = make()
    kept = ApiToken.objects.get()
    assert token not in [str(getattr(kept, field.name)) for field in kept._meta.fields]
    assert token.startswith(kept.prefix)
    assert kept.last_used_at is None
    get(token)
    kept.refresh_from_db()
    assert kept.last_used_at is not None


def test_a_token_needs_no_form_token(make):
    client = Client(enforce_csrf_checks=True)
    token = make()
    response = client.post("/accounts/logout/", headers={"authorization": f"Bearer {token}"})
    assert response.status_code != 403
