"""How long a sign-in lasts, who prolongs it, and ending one's own sign-ins."""

from __future__ import annotations

import pytest
from django.test import Client

from qperfweb.accounts import sessions
from qperfweb.core.models import TrailEvent
from tests.accounts.test_sign_in import sign_in

pytestmark = pytest.mark.django_db

SESSION = "/accounts/session/"


class Clock:
    def __init__(self, monkeypatch) -> None:
        self.now = 1_800_000_000.0
        monkeypatch.setattr(sessions.time, "time", lambda: self.now)


@pytest.fixture
def clock(monkeypatch, settings):
    settings.SESSION_IDLE_S = 600
    settings.SESSION_COOKIE_AGE = 3600
    return Clock(monkeypatch)


@pytest.fixture
def client(user_of, site, clock):
    client = Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0 Safari/537.36")
    client.person = user_of("reader", site)
    sign_in(client, client.person.username)
    client.get("/")
    return client


def test_a_session_ends_after_a_time_without_its_person(client, clock):
    clock.now += 599
    assert client.get("/api/studies/").status_code == 200
    clock.now += 2
    answer = client.get("/api/studies/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in")
    assert client.get(SESSION).status_code == 401
    assert TrailEvent.objects.get(action="person.session_ended").actor == client.person


def test_pages_and_the_person_prolong_a_session_and_what_pages_ask_does_not(client, clock):
    clock.now += 300
    client.get("/api/studies/")
    assert client.get(SESSION).json()["ends_in_s"] == 300
    assert client.post(SESSION).json()["ends_in_s"] == 600
    clock.now += 400
    assert client.get("/upload/").status_code == 200
    assert client.get(SESSION).json() == {
        "person": client.person.pk,
        "ends_in_s": 600,
        "ends_latest_in_s": 2900,
        "idle_s": 600,
    }


def test_no_session_outlasts_its_longest_time(client, clock):
    for _ in range(8):
        clock.now += 400
        client.post(SESSION)
    assert client.get(SESSION).json()["ends_in_s"] == 400
    clock.now += 401
    assert client.get("/").status_code == 302


def test_a_page_of_one_person_does_nothing_for_the_next_one(client, user_of, site):
    other = user_of("reader", site)
    header = {"X-QPerf-Person": str(other.pk)}
    answer = client.post("/api/studies/", headers=header)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "other_person")
    header = {"X-QPerf-Person": str(client.person.pk)}
    assert client.get("/api/studies/", headers=header).status_code == 200


def test_one_sees_and_ends_ones_own_sign_ins_and_nobody_elses(client, user_of, site):
    second = Client(HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Firefox/131.0")
    sign_in(second, client.person.username)
    stranger = Client()
    sign_in(stranger, user_of("reader", site).username)

    page = client.get("/accounts/").content.decode()
    assert "Chrome on Linux" in page
    assert "Firefox on Windows" in page
    mine = {s.browser: s for s in _sessions(client)}
    (theirs,) = _sessions(stranger)
    assert client.post(f"/accounts/sessions/{theirs.id}/end/").status_code == 404
    ended = client.post(f"/accounts/sessions/{mine['Firefox on Windows'].id}/end/")
    assert ended.status_code == 302
    assert second.get("/api/studies/").status_code == 401
    assert client.get("/api/studies/").status_code == 200
    assert stranger.get("/api/studies/").status_code == 200
    assert TrailEvent.objects.filter(action="person.session_revoked").count() == 1


def test_another_password_ends_the_other_sign_ins(client):
    second = Client()
    sign_in(second, client.person.username)
    new = "another staple entirely"
    old = {"oldpassword": "correct horse battery", "password1": new, "password2": new}
    client.post("/accounts/password/change/", old)
    assert client.get("/api/studies/").status_code == 200
    assert second.get("/api/studies/").status_code == 401


def _sessions(client):
    return client.get("/accounts/").context["sessions"]
