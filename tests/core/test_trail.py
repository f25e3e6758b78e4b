"""The trail says who did what, and keeps it: rows are only ever added."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import Error, connection, transaction
from django.utils import timezone

from qperfweb.core import audit
from qperfweb.core.models import TrailEvent


def refused(statement: str) -> str:
    with pytest.raises(Error) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return str(caught.value)


def test_an_event_names_person_record_site_and_reason(in_site, user_of):
    reader = user_of("reader", in_site)
    membership = reader.memberships.get()
    event = audit.record(reader, "membership.checked", membership, reason="yearly review")
    event.refresh_from_db()
    assert (event.actor, event.actor_name) == (reader, reader.username)
    assert (event.site, event.object_type) == (in_site, "accounts.membership")
    assert event.object_id == str(membership.pk)
    assert event.reason == "yearly review"
    assert event.at is not None


def test_the_database_keeps_the_time_not_the_caller(in_site):
    assert TrailEvent._meta.get_field("at").has_db_default()


def test_an_event_stands_exactly_when_its_change_stands(in_site):
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record(None, "study.received", site=in_site)
        raise RuntimeError
    assert not TrailEvent.objects.filter(action="study.received").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_trailevent SET reason = 'other'",
        "DELETE FROM core_trailevent",
        "TRUNCATE core_trailevent",
    ],
)
def test_web_and_worker_have_no_right_to_change_the_trail(statement, in_site, as_worker):
    audit.record(None, "study.received", site=in_site)
    assert "permission denied" in refused(statement)
    with as_worker():
        assert "permission denied" in refused(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_trailevent SET reason = 'other'",
        "UPDATE core_trailevent SET reason = 'other' WHERE false",
        "DELETE FROM core_trailevent",
        "TRUNCATE core_trailevent",
    ],
)
def test_a_trigger_refuses_even_the_owner(statement, in_site, as_owner):
    audit.record(None, "study.received", site=in_site)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with as_owner():
        assert "only ever added" in refused(statement)


def test_the_worker_writes_to_the_trail_too(in_site, as_worker):
    with as_worker():
        audit.record(None, "run.succeeded", site=in_site)
    assert TrailEvent.objects.get(action="run.succeeded").actor_name == "system"


def test_many_looks_in_one_sitting_are_one_event(in_site, user_of):
    reader, other = user_of("reader", in_site), user_of("reader", in_site)
    for person in (reader, reader, other):
        audit.record_access(person, "worklist.viewed", in_site, site=in_site)
    audit.record_access(reader, "study.images_taken", in_site, site=in_site)
    seen = TrailEvent.objects.order_by("id").values_list("actor", "action")
    assert list(seen) == [
        (reader.pk, "worklist.viewed"),
        (other.pk, "worklist.viewed"),
        (reader.pk, "study.images_taken"),
    ]


def test_a_look_in_another_sitting_is_another_event(in_site, user_of):
    reader = user_of("reader", in_site)
    TrailEvent.objects.create(
        site=in_site,
        at=timezone.now() - timedelta(minutes=11),
        actor=reader,
        actor_name=reader.username,
        action="worklist.viewed",
        object_type="accounts.site",
        object_id=str(in_site.pk),
    )
    audit.record_access(reader, "worklist.viewed", in_site, site=in_site)
    assert TrailEvent.objects.filter(action="worklist.viewed").count() == 2
