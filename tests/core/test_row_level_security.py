"""Rows of a site are visible and writable only inside that site's scope."""

from __future__ import annotations

import pytest
from django.db import DataError, ProgrammingError, connection, transaction

from qperfweb.core import audit
from qperfweb.core.models import TrailEvent
from qperfweb.core.rls import grant, protect_site_table, site_scope


def events() -> list[str]:
    return sorted(TrailEvent.objects.exclude(site=None).values_list("action", flat=True))


def test_without_a_scope_no_row_of_any_site_is_visible(site):
    with site_scope([site.pk]):
        audit.record(None, "study.received", site=site)
        assert events() == ["study.received"]
    assert events() == []


def test_a_scope_shows_its_own_sites_and_no_other(site, other_site):
    with site_scope([site.pk, other_site.pk]):
        audit.record(None, "here.done", site=site)
        audit.record(None, "there.done", site=other_site)
        assert events() == ["here.done", "there.done"]
    with site_scope([site.pk]):
        assert events() == ["here.done"]
    with site_scope([]):
        assert events() == []


def test_a_row_of_another_site_cannot_be_written(site, other_site):
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        site_scope([site.pk]),
    ):
        audit.record(None, "study.received", site=other_site)


def test_leaving_an_inner_scope_brings_the_outer_one_back(site, other_site):
    with site_scope([site.pk]):
        audit.record(None, "here.done", site=site)
        with site_scope([other_site.pk]):
            assert events() == []
        assert events() == ["here.done"]


def test_an_exception_in_an_inner_scope_brings_the_outer_one_back(site, other_site):
    with site_scope([site.pk]):
        audit.record(None, "here.done", site=site)
        with pytest.raises(RuntimeError), site_scope([other_site.pk]):
            raise RuntimeError
        assert events() == ["here.done"]


def test_the_scope_ends_with_its_transaction(own_database, site):
    with site_scope([site.pk]):
        audit.record(None, "here.done", site=site)
    with transaction.atomic():
        assert events() == []


def test_a_question_that_is_planned_once_still_answers_each_scope_with_its_own_rows(
    own_database, site, other_site
):
    for here in (site, other_site):
        with site_scope([here.pk]):
            audit.record(None, f"{here.slug}.done", site=here)
    for here in [site, other_site] * 8:
        with site_scope([here.pk]):
            assert events() == [f"{here.slug}.done"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT generic_plans FROM pg_prepared_statements WHERE statement ~ 'trail'")
        assert max(planned_once for (planned_once,) in cursor.fetchall()) > 1
    assert events() == []


def test_row_level_security_binds_the_owner_too(site, as_owner):
    with site_scope([site.pk]):
        audit.record(None, "here.done", site=site)
    with as_owner():
        assert events() == []


def test_text_that_is_no_list_of_numbers_opens_nothing(site):
    with (
        pytest.raises(DataError, match="bigint"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT set_config('qperf.sites', '1) OR true --', true)")
        cursor.execute("SELECT qperf_sites()")


def test_helpers_refuse_names_and_privileges_that_they_do_not_know():
    with pytest.raises(ValueError, match="not a table name"):
        protect_site_table("studies_study; DROP TABLE x")
    with pytest.raises(ValueError, match="not a privilege"):
        grant("studies_study", web="SELECT, TRUNCATE")


def test_a_grant_may_name_columns():
    operation = grant("studies_study", worker="SELECT, UPDATE (state, finished_at)")
    assert "GRANT SELECT, UPDATE (state, finished_at) ON studies_study TO qperf_worker" in str(
        operation.sql
    )
