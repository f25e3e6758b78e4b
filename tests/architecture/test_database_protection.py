"""Every table of the project is protected; a new one that is forgotten fails here."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection

pytestmark = pytest.mark.django_db

NOT_SITE_TABLES = {"accounts_membership", "accounts_apitoken"}
"""They say who belongs to which site, are read before a scope exists, and name no patient."""

APPEND_ONLY = {
    "core_trailevent",
    "core_trailseal",
    "projects_decision",
    "projects_querymessage",
    "reviews_readingrevision",
    "reviews_signature",
}


def query(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def site_tables() -> set[str]:
    return {
        model._meta.db_table
        for model in apps.get_models()
        if model.__module__.startswith("qperfweb.")
        and any(field.column == "site_id" for field in model._meta.concrete_fields)
    } - NOT_SITE_TABLES


def test_every_site_table_has_forced_row_level_security_with_the_one_policy():
    protected = query(
        """
        SELECT relname FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid
        WHERE relrowsecurity AND relforcerowsecurity AND polcmd = '*' AND polpermissive
        GROUP BY relname
        HAVING count(*) = 1 AND min(pg_get_expr(polqual, polrelid)) LIKE '%qperf_sites()%'
           AND min(pg_get_expr(polwithcheck, polrelid)) LIKE '%qperf_sites()%'
        """
    )
    assert site_tables() - {name for (name,) in protected} == set()
    assert len(site_tables()) > 10


def test_a_site_table_knows_no_row_without_a_site_except_the_trail():
    nullable = query(
        """
        SELECT table_name FROM information_schema.columns
        WHERE column_name = 'site_id' AND table_schema = 'public' AND is_nullable = 'YES'
        """
    )
    assert {name for (name,) in nullable} == {"core_trailevent", "core_trailseal"}


def test_tables_belong_to_the_owner_and_nothing_is_granted_to_everybody():
    foreign = query(
        """
        SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tableowner <> 'qperf_owner'
        """
    )
    assert foreign == []
    public = query(
        """
        SELECT table_name, privilege_type FROM information_schema.role_table_grants
        WHERE grantee = 'PUBLIC' AND table_schema = 'public'
        """
    )
    assert public == []


def test_web_and_worker_hold_no_dangerous_privilege():
    dangerous = query(
        """
        SELECT relname, role, privilege FROM pg_class,
               unnest(ARRAY['qperf_web', 'qperf_worker']) AS role,
               unnest(ARRAY['TRUNCATE', 'TRIGGER', 'REFERENCES']) AS privilege
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
          AND has_table_privilege(role, pg_class.oid, privilege)
        """
    )
    assert dangerous == []
    for role in ("qperf_web", "qperf_worker"):
        assert query(f"SELECT has_schema_privilege('{role}', 'public', 'CREATE')") == [(False,)]


def test_every_model_of_the_project_can_be_read_by_the_web_server():
    unreadable = {
        model._meta.db_table
        for model in apps.get_models()
        if model.__module__.startswith("qperfweb.")
        and not model._meta.proxy
        and query(
            f"SELECT has_any_column_privilege('qperf_web', '{model._meta.db_table}', 'SELECT')"
        )
        == [(False,)]
    }
    assert unreadable == set()


def test_what_may_only_be_added_has_its_trigger_for_always():
    guarded = query(
        """
        SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE tgenabled = 'A' AND NOT tgisinternal
        """
    )
    assert APPEND_ONLY - {name for (name,) in guarded} == set()
    for table in APPEND_ONLY:
        for role in ("qperf_web", "qperf_worker"):
            for privilege in ("UPDATE", "DELETE"):
                allowed = query(f"SELECT has_table_privilege('{role}', '{table}', '{privilege}')")
                assert allowed == [(False,)], (table, role, privilege)


def test_no_function_runs_with_its_makers_rights():
    definers = query(
        """
        SELECT proname FROM pg_proc
        WHERE prosecdef AND pronamespace = 'public'::regnamespace
        """
    )
    assert definers == []
