"""How a person likes the reading room, kept on the server."""

from __future__ import annotations

import pytest

URL = "/api/me/preferences/"


@pytest.fixture
def reader(client_of, in_site):
    return client_of("reader", in_site)


def put(client, viewer):
    return client.put(URL, {"viewer": viewer}, content_type="application/json")


LAYOUT = {"name": "Maps", "modes": {"stress_mid": "mbf", "rest_mid": "movie"}, "rows": "all"}


def test_preferences_come_back_as_they_were_put_and_belong_to_one_person(
    reader, user_of, in_site, client
):
    assert reader.get(URL).json() == {}
    answer = put(reader, {"palette": "viridis", "range": [0, 4], "layouts": [LAYOUT]})
    assert answer.status_code == 200
    kept = reader.get(URL).json()["viewer"]
    assert kept["range"] == [0, 4]
    assert kept["layouts"][0]["modes"] == LAYOUT["modes"]
    client.force_login(
        user_of("reviewer", in_site), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    assert client.get(URL).json() == {}


@pytest.mark.parametrize(
    "viewer",
    [
        {"palette": "rainbow"},
        {"range": [3, 3]},
        {"range": [0, 99]},
        {"layouts": [{**LAYOUT, "name": str(n)} for n in range(13)]},
        {"layouts": [LAYOUT, LAYOUT]},
        {"layouts": [{**LAYOUT, "modes": {"Miller^Ann": "mbf"}}]},
        {"layouts": [{**LAYOUT, "modes": {"stress_mid": "<b>"}}]},
        {"layouts": [{**LAYOUT, "name": "x" * 41}]},
    ],
)
def test_what_is_no_preference_is_refused(reader, viewer):
    assert put(reader, viewer).status_code == 400
    assert reader.get(URL).json() == {}


def test_unknown_fields_are_not_kept(reader):
    put(reader, {"palette": "grey", "note": "a patient's name"})
    assert reader.get(URL).json() == {"viewer": {"palette": "grey"}}


def test_nobody_signed_out_has_preferences(client, db):
    assert client.get(URL).status_code in (401, 403)


def put_filters(client, *filters):
    body = {"worklist": {"filters": list(filters)}}
    return client.put(URL, body, content_type="application/json")


def test_saved_filters_stay_beside_the_reading_room_and_hold_no_names_of_patients(reader):
    put(reader, {"palette": "grey"})
    mine = {"name": "Mine", "assigned": "me", "state": "ready,draft", "from": "2026-01-01"}
    assert put_filters(reader, {**mine, "q": "Miller"}).status_code == 200
    kept = reader.get(URL).json()
    assert kept == {"viewer": {"palette": "grey"}, "worklist": {"filters": [mine]}}
    assert put_filters(reader, mine, mine).status_code == 400
    assert put_filters(reader, {**mine, "state": "Miller^Ann"}).status_code == 400
    assert put_filters(reader, {**mine, "from": "yesterday"}).status_code == 400
    put(reader, {"palette": "viridis"})
    assert reader.get(URL).json()["worklist"] == {"filters": [mine]}
