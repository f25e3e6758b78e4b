"""The trail as a page and as CSV: the right events, for the right people, and noted."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest
from django.utils import timezone

from qperfweb.core import audit
from qperfweb.core.models import TrailEvent
from qperfweb.core.rls import site_scope
from tests.runs.examples import a_study


def shown(response) -> list[str]:
    assert response.status_code == 200
    return [event.action for event in response.context["page"]]


@pytest.fixture
def events(run, reading, other_site, in_site, user_of):
    """What making a run and a draft left, something elsewhere, and two sign-ins."""
    with site_scope([other_site.pk]):
        audit.record(None, "study.hidden", site=other_site)
    audit.record(reading.reader, "person.signed_in", reading.reader)
    audit.record(user_of("reader", other_site), "person.elsewhere")
    return reading


def test_an_auditor_sees_the_events_of_the_site_and_of_its_members(client_of, in_site, events):
    actions = shown(client_of("auditor", in_site).get("/trail/"))
    assert actions[0] == "person.signed_in"
    assert {"reading.opened", "run.succeeded", "run.requested"} <= set(actions)
    assert not {"study.hidden", "person.elsewhere"} & set(actions)


def test_a_system_administrator_sees_the_installation_and_no_site(client_of, events):
    assert set(shown(client_of("administrator").get("/trail/"))) == {
        "person.signed_in",
        "person.elsewhere",
    }


def test_one_study_with_its_runs_and_readings(client_of, in_site, events):
    other = a_study(in_site, 2)
    audit.record(None, "study.viewed", other)
    client = client_of("auditor", in_site)
    mine = shown(client.get(f"/trail/?study={events.study_id}"))
    assert {"reading.opened", "run.succeeded"} <= set(mine)
    assert "study.viewed" not in mine
    assert shown(client.get(f"/trail/?study={other.pk}")) == ["study.viewed"]


def test_one_person_one_kind_of_action_some_days(client_of, in_site, events):
    client = client_of("auditor", in_site)
    name = events.reader.username
    assert shown(client.get(f"/trail/?person={name.upper()}&action=reading.")) == ["reading.opened"]
    today = timezone.now().date()
    tomorrow, yesterday = today + timedelta(days=1), today - timedelta(days=1)
    assert shown(client.get(f"/trail/?action=reading.&since={today}&until={today}"))
    assert shown(client.get(f"/trail/?since={tomorrow}")) == []
    assert shown(client.get(f"/trail/?until={yesterday}")) == []


def test_a_filter_that_makes_no_sense_is_said_and_shows_nothing(client_of, in_site, events):
    response = client_of("auditor", in_site).get("/trail/?since=yesterday")
    assert response.status_code == 400
    assert "Enter a valid date" in response.content.decode()
    assert "reading.opened" not in response.content.decode()


def test_pages_go_from_newest_to_oldest_and_keep_the_filter(client_of, in_site):
    for number in range(130):
        audit.record(None, "study.counted", site=in_site, details={"number": number})
    client = client_of("auditor", in_site)
    first = client.get("/trail/?action=study.counted")
    assert [e.details["number"] for e in first.context["page"]] == list(range(129, 29, -1))
    assert "?action=study.counted&amp;page=2" in first.content.decode()
    second = client.get("/trail/?action=study.counted&page=2")
    assert [e.details["number"] for e in second.context["page"]] == list(range(29, -1, -1))


def test_looking_and_taking_out_are_recorded_with_what_was_looked_for(client_of, in_site, events):
    client = client_of("auditor", in_site)
    client.get(f"/trail/?study={events.study_id}", REMOTE_ADDR="192.0.2.9")
    client.get("/trail/trail.csv")
    viewed, exported = TrailEvent.objects.filter(actor=client.user).order_by("id")
    assert (viewed.action, viewed.site, viewed.address) == ("trail.viewed", in_site, "192.0.2.9")
    assert viewed.details == {"study": str(events.study_id)}
    assert exported.action == "trail.exported"


def test_the_csv_holds_what_the_page_shows_and_no_formula(client_of, in_site, events):
    audit.record(events.reader, "study.noted", events.study, reason="=HYPERLINK(1)")
    response = client_of("auditor", in_site).get("/trail/trail.csv?action=study.noted")
    (row,) = csv.DictReader(response.content.decode().splitlines())
    assert (row["person"], row["site"], row["action"]) == (
        events.reader.username,
        "north",
        "study.noted",
    )
    assert row["object_id"] == str(events.study_id)
    assert row["reason"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("role", "trail", "status"),
    [
        ("reader", False, False),
        ("auditor", True, False),
        ("site_admin", True, True),
        ("administrator", True, True),
    ],
)
def test_the_navigation_shows_what_the_role_may_open(role, trail, status, client_of, in_site):
    sites = [] if role == "administrator" else [in_site]
    page = client_of(role, *sites).get("/").content.decode()
    assert ('href="/trail/"' in page, 'href="/status/"' in page) == (trail, status)


def test_the_same_events_as_audit_messages(client_of, in_site, events):
    client = client_of("auditor", in_site)
    answer = client.get(f"/trail/messages.log?study={events.study_id}")
    lines = answer.content.decode().splitlines()
    assert len(lines) == len(shown(client.get(f"/trail/?study={events.study_id}")))
    assert all(events.study.study_instance_uid in line for line in lines)
    assert TrailEvent.objects.filter(action="trail.exported").count() == 1
