"""Whoever changes the trail behind the application's back is found, by event or by seal."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import Error, connection, transaction
from django.utils import timezone

from qperfweb.core import audit, seal
from qperfweb.core.models import TrailEvent, TrailSeal
from qperfweb.core.rls import site_scope
from qperfweb.core.seal import seal_trail, unsealed
from qperfweb.core.verify import verify_trail


@pytest.fixture
def sealed(site, other_site, as_worker):
    """Three events of one site in two seals, one of another, one of the installation."""
    with site_scope([site.pk, other_site.pk]):
        audit.record(None, "study.received", site=site, details={"objects": 7, "share": 0.5})
        audit.record(None, "study.viewed", site=site, reason="reading")
        audit.record(None, "study.received", site=other_site)
        audit.record(None, "person.signed_in")
    with as_worker():
        assert seal_trail() == 4
    with site_scope([site.pk]):
        audit.record(None, "report.taken", site=site)
    with as_worker():
        assert seal_trail() == 1
        assert seal_trail() == 0
    assert verify_trail().problems == []
    return site


@pytest.fixture
def tamper(as_owner, sealed):
    """Do what only the owner of the tables can: switch the protection off, change, and on again."""

    def change(statement: str, *values: object, table: str = "core_trailevent") -> None:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
            cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
            cursor.execute(statement, values)
            cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")

    return change


def event_ids(site) -> list[int]:
    with site_scope([site.pk]):
        return list(
            TrailEvent.objects.filter(site=site).order_by("id").values_list("pk", flat=True)
        )


def only_problem() -> str:
    (problem,) = verify_trail().problems
    return problem


@pytest.mark.parametrize(
    "change",
    [
        "reason = 'because'",
        "actor_name = 'somebody else'",
        "at = at - interval '1 second'",
        "details = '{\"objects\": 8}'",
        "action = 'study.imported'",
        "object_id = '12'",
        "request_id = 'x'",
    ],
)
def test_a_changed_event_is_named(change, sealed, tamper):
    first = event_ids(sealed)[0]
    tamper(f"UPDATE core_trailevent SET {change} WHERE id = %s", first)
    assert f"event {first} was changed (seal 1" in only_problem()


def test_a_removed_event_is_named(sealed, tamper):
    last = event_ids(sealed)[-1]
    tamper("DELETE FROM core_trailevent WHERE id = %s", last)
    assert f"event {last} was removed (seal 2" in only_problem()


def test_an_event_moved_to_another_site_is_named(sealed, other_site, tamper):
    first = event_ids(sealed)[0]
    tamper("UPDATE core_trailevent SET site_id = %s WHERE id = %s", other_site.pk, first)
    assert f"event {first} was changed" in verify_trail().problems[0]


def test_an_event_added_to_the_past_is_named_before_and_after_its_seal(sealed, tamper, as_worker):
    tamper(
        "INSERT INTO core_trailevent (site_id, at, actor_name, action, object_type, object_id,"
        " reason, details, request_id) VALUES (%s, now() - interval '2 days', 'dr', 'study.viewed',"
        " '', '', '', '{}', '')",
        sealed.pk,
    )
    added = event_ids(sealed)[-1]
    assert f"event {added} was added" in only_problem()
    with as_worker():
        seal_trail()
    assert f"event {added} was added" in only_problem()


def test_a_changed_seal_is_named(sealed, tamper):
    first = event_ids(sealed)[0]
    tamper(
        "UPDATE core_trailseal SET rows = rows - 0 WHERE number = 1 AND site_id = %s",
        sealed.pk,
        table="core_trailseal",
    )
    problems = verify_trail().problems
    assert "seal 1 was changed" in problems[0]
    assert first in verify_trail().tail


def test_the_end_of_a_chain_cannot_be_cut_off_unseen(sealed, tamper):
    last = event_ids(sealed)[-1]
    cut = "DELETE FROM core_trailseal WHERE number = 2 AND site_id = %s"
    tamper(cut, sealed.pk, table="core_trailseal")
    tamper("DELETE FROM core_trailevent WHERE id = %s", last)
    assert "seal 2 stands in the anchor file but not in the database" in only_problem()


def test_events_that_change_places_are_named(sealed, tamper):
    first, second = event_ids(sealed)[:2]
    for old, new in ((first, -1), (second, first), (-1, second)):
        tamper("UPDATE core_trailevent SET id = %s WHERE id = %s", new, old)
    problems = verify_trail().problems
    for one in (first, second):
        assert any(f"event {one} was changed" in text for text in problems)


def test_an_event_put_between_two_sealed_ones_is_named(sealed, tamper):
    first, second = event_ids(sealed)[:2]
    tamper("UPDATE core_trailevent SET id = id + 1000 WHERE id > %s", first)
    tamper(
        "INSERT INTO core_trailevent (id, site_id, at, actor_name, action, object_type, object_id,"
        " reason, details, request_id) VALUES (%s, %s, now(), 'dr', 'study.viewed', '', '', '',"
        " '{}', '')",
        second,
        sealed.pk,
    )
    problems = verify_trail().problems
    assert any(f"event {second} was changed" in text for text in problems)


def test_seals_that_change_places_are_named(sealed, tamper):
    for old, new in ((1, 99), (2, 1), (99, 2)):
        tamper(
            "UPDATE core_trailseal SET number = %s WHERE number = %s AND site_id = %s",
            new, old, sealed.pk, table="core_trailseal",
        )  # fmt: skip
    problems = verify_trail().problems
    assert any("does not continue the seal before it" in text for text in problems)
    assert any("was changed or made under another key" in text for text in problems)


def test_the_chains_of_two_sites_cannot_be_swapped(sealed, other_site, tamper):
    north, south = sealed.pk, other_site.pk
    for table, numbered in (("core_trailevent", ""), ("core_trailseal", ", number = number + 50")):
        tamper(
            f"UPDATE {table} SET site_id = CASE site_id WHEN %s THEN %s ELSE %s END{numbered}"
            " WHERE site_id IN (%s, %s)",
            north, south, north, north, south, table=table,
        )  # fmt: skip
    tamper(
        "UPDATE core_trailseal SET number = number - 50 WHERE number > 50", table="core_trailseal"
    )
    problems = verify_trail().problems
    for site in (sealed, other_site):
        assert any(text.startswith(f"site {site.pk}: seal 1 was changed") for text in problems)


def test_one_sites_whole_chain_cannot_vanish(sealed, tamper):
    tamper("DELETE FROM core_trailevent WHERE site_id = %s", sealed.pk)
    tamper("DELETE FROM core_trailseal WHERE site_id = %s", sealed.pk, table="core_trailseal")
    problems = verify_trail().problems
    assert [text.startswith(f"site {sealed.pk}: seal") for text in problems] == [True, True]


def test_a_clock_that_was_set_back_is_no_tampering(sealed, as_worker, monkeypatch):
    """Events carry the database's time; a worker whose clock runs behind still seals in order."""
    behind = timezone.now() - timedelta(hours=3)
    monkeypatch.setattr("qperfweb.core.seal.timezone.now", lambda: behind)
    with site_scope([sealed.pk]):
        audit.record(None, "report.taken", site=sealed)
    with as_worker():
        assert seal_trail() == 1
    found = verify_trail()
    assert (found.problems, found.tail) == ([], [])


def test_a_chain_rewritten_with_another_key_is_found(sealed, tamper, settings, as_worker):
    everything = "DELETE FROM core_trailseal WHERE site_id = %s"
    tamper(everything, sealed.pk, table="core_trailseal")
    settings.TRAIL_KEY = "another key"
    with as_worker():
        seal_trail()
    with as_worker():
        problems = verify_trail().problems
    assert any("not the one in the anchor file" in problem for problem in problems)


def test_a_protection_that_is_switched_off_is_a_finding(sealed, as_owner):
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE core_trailevent DISABLE TRIGGER append_only")
    assert "core_trailevent: its protection" in only_problem()


def test_events_wait_for_their_seal_by_name(sealed, as_worker):
    with site_scope([sealed.pk]):
        audit.record(None, "study.viewed", site=sealed)
    waiting = event_ids(sealed)[-1]
    found = verify_trail()
    assert (found.problems, found.tail) == ([], [waiting])
    with as_worker():
        seal_trail()
    assert verify_trail().tail == []


def test_an_event_that_commits_after_a_later_one_is_still_sealed(own_database, site):
    """Ids are drawn before the commit: the chain must not pass over a slow transaction."""
    with site_scope([site.pk]):
        slow = audit.record(None, "study.received", site=site)
        transaction.set_rollback(True)
    with site_scope([site.pk]):
        audit.record(None, "study.viewed", site=site)
    _as("qperf_worker", seal_trail)
    with site_scope([site.pk]):
        TrailEvent(pk=slow.pk, site=site, actor_name="system", action="study.received").save(
            force_insert=True
        )
        assert [event.pk for event in unsealed(site.pk)] == [slow.pk]
    _as("qperf_worker", seal_trail)
    assert verify_trail().problems == []
    with site_scope([site.pk]):
        assert not unsealed(site.pk).exists()


def test_what_waited_through_an_outage_is_no_tampering(in_site, as_worker, monkeypatch):
    monkeypatch.setattr(seal, "BATCH", 2)
    for days in (3, 2, 1, 0, 0):
        audit.record(None, "study.viewed", site=in_site)
        TrailEvent.objects.create(
            site=in_site,
            at=timezone.now() - timedelta(days=days),
            actor_name="system",
            action="study.viewed",
        )
    with as_worker():
        assert seal_trail() == 10
    assert TrailSeal.objects.count() == 5
    assert verify_trail().problems == []


def test_a_crash_between_seal_and_anchor_is_mended_by_the_next_sealing(sealed, settings, as_worker):
    anchors = settings.TRAIL_ANCHORS
    lines = anchors.read_text().splitlines(keepends=True)
    anchors.write_text("".join(lines[:-1]))
    with site_scope([sealed.pk]):
        audit.record(None, "study.viewed", site=sealed)
    with as_worker():
        seal_trail()
    assert anchors.read_text().splitlines(keepends=True)[:-1] == lines


def test_web_cannot_seal_and_nobody_changes_a_seal(sealed, as_worker, as_owner):
    insert = "INSERT INTO core_trailseal DEFAULT VALUES"
    update = "UPDATE core_trailseal SET mac = ''"
    assert "permission denied" in _refused(insert)
    with as_worker():
        assert "permission denied" in _refused(update)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with as_owner():
        assert "only ever added" in _refused(update)


def test_a_seal_shows_only_inside_its_site(sealed, other_site):
    with site_scope([other_site.pk]):
        assert not TrailSeal.objects.filter(site=sealed).exists()


def test_the_command_names_the_tampering_and_fails(sealed, tamper):
    out, err = StringIO(), StringIO()
    call_command("verify_trail", stdout=out, stderr=err)
    assert "the trail is whole" in out.getvalue()
    first = event_ids(sealed)[0]
    tamper("DELETE FROM core_trailevent WHERE id = %s", first)
    with pytest.raises(SystemExit) as ended:
        call_command("verify_trail", stdout=out, stderr=err)
    assert ended.value.code == 1
    assert f"event {first} was removed" in err.getvalue()


def _refused(statement: str) -> str:
    with pytest.raises(Error) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return str(caught.value)


def _as(role, do):
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
    do()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE qperf_web")


def test_an_emptied_trail_is_found(sealed, tamper):
    ids = event_ids(sealed)
    tamper("TRUNCATE core_trailevent")
    problems = verify_trail().problems
    assert all(any(f"event {one} was removed" in p for p in problems) for one in ids)
    tamper("TRUNCATE core_trailseal", table="core_trailseal")
    problems = verify_trail().problems
    assert any("stands in the anchor file but not in the database" in p for p in problems)


@pytest.mark.parametrize("role", ["web", "worker"])
def test_web_and_worker_cannot_switch_the_protection_off(sealed, role, as_worker):
    statement = "ALTER TABLE core_trailevent DISABLE TRIGGER append_only"
    if role == "worker":
        with as_worker():
            assert "must be owner" in _refused(statement)
    else:
        assert "must be owner" in _refused(statement)
