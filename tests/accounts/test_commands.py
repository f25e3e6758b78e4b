"""People, sites and tokens from the command line."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from qperfweb.accounts.models import Membership, Site, User
from qperfweb.accounts.tokens import user_of_token
from qperfweb.core.models import TrailEvent
from qperfweb.core.permissions import sites_of
from qperfweb.core.rls import site_scope

pytestmark = pytest.mark.django_db

DEMO = {
    "sites": [["north", "North Hospital"], ["south", "South Hospital"]],
    "people": [
        {
            "username": "reader",
            "password": "between seven stars",
            "full_name": "Rowan Reader",
            "role": "reader",
            "sites": ["north"],
        },
        {
            "username": "administrator",
            "password": "quiet river stones",
            "full_name": "Alex Administrator",
            "role": "administrator",
            "sites": [],
        },
    ],
}


def call(monkeypatch, *arguments: str, stdin: str = "") -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


def test_make_people_can_be_repeated_and_mends_passwords(monkeypatch):
    for _ in range(2):
        call(monkeypatch, "make_people", stdin=json.dumps(DEMO))
    assert Site.objects.count() == 2
    assert Membership.objects.count() == 1
    assert User.objects.get(username="reader").check_password("between seven stars")
    assert User.objects.get(username="administrator").is_system_administrator
    DEMO["people"][0]["password"] = "a different password"
    call(monkeypatch, "make_people", stdin=json.dumps(DEMO))
    assert User.objects.get(username="reader").check_password("a different password")
    north = Site.objects.get(slug="north")
    with site_scope([north.pk]):
        actions = set(TrailEvent.objects.values_list("action", flat=True))
    assert actions == {
        "site.created",
        "person.created",
        "person.password_set",
        "membership.granted",
    }


def test_a_site_and_its_reader_are_made(monkeypatch):
    call(monkeypatch, "create_site", "north", "North Hospital")
    arguments = ["create_user", "rowan", "--site", "north", "--role", "reader"]
    assert "rowan can sign in" in call(monkeypatch, *arguments, stdin="between seven stars\n")
    assert User.objects.get().memberships.get().role == "reader"


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (["create_user", "a", "--site", "moon", "--role", "reader"], "x", "no site moon"),
        (["create_user", "a", "--role", "reader"], "x", "belong together"),
        (["create_user", "a"], "12345\n", "too short"),
        (["create_site", "no spaces", "X"], "", "slug"),
        (["create_token", "nobody"], "", "no active person nobody"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_line(monkeypatch, arguments, stdin, sentence):
    with pytest.raises(CommandError, match=sentence):
        call(monkeypatch, *arguments, stdin=stdin)


def test_create_token_prints_a_token_that_works(monkeypatch, user_of, site):
    reader = user_of("reader", site)
    token = call(monkeypatch, "create_token", reader.username)
    assert user_of_token(token) == reader
    with site_scope([site.pk]):
        assert TrailEvent.objects.get(action="token.created").object_id == str(reader.pk)


def test_a_person_of_two_sites_names_the_tokens_site(monkeypatch, user_of, site, other_site):
    reader = user_of("reader", site, other_site)
    with pytest.raises(CommandError, match="belongs to north, south: name one with --site"):
        call(monkeypatch, "create_token", reader.username)
    token = call(monkeypatch, "create_token", reader.username, "--site", "south")
    assert sites_of(user_of_token(token)) == [other_site.pk]
