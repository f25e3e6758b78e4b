"""Sites kept apart, least privilege, and what is locked stays as it was locked."""

from django.db import migrations

from qperfweb.core.append_only import append_only
from qperfweb.core.rls import grant, protect_site_table
from qperfweb.core.same_site import same_site

PROJECT, MEMBER = "projects_project", "projects_projectmember"
CASE, ASSIGNMENT = "projects_case", "projects_assignment"
ADJUDICATION, DECISION = "projects_adjudication", "projects_decision"
QUERY, MESSAGE = "projects_sitequery", "projects_querymessage"
READING = "reviews_reading"

OF_A_SITE = (CASE, ASSIGNMENT, ADJUDICATION, DECISION, QUERY, MESSAGE)
FROZEN_BY_LOCK = (MEMBER, *OF_A_SITE)

_OWN = "site_id = ANY ((SELECT qperf_sites())::bigint[])"
_TAKES_PART = f"""
    {_OWN} OR id IN (
        SELECT project_id FROM {CASE} WHERE site_id = ANY ((SELECT qperf_sites())::bigint[])
    )
"""


def _policy(table: str, rule: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY site_rows ON {table} USING ({rule}) WITH CHECK ({rule});
        """,
        f"""
        DROP POLICY site_rows ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """,
    )


# A project and its members name no patient; whoever reads for it at another site must find them.
PROJECT_ROWS = _policy(PROJECT, _TAKES_PART)
MEMBER_ROWS = _policy(MEMBER, f"{_OWN} OR project_id IN (SELECT id FROM {PROJECT})")

_GUARDED = "\n".join(
    f"""
    CREATE TRIGGER locked_stays BEFORE INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW
        EXECUTE FUNCTION projects_refuse_part_of_locked();
    ALTER TABLE {table} ENABLE ALWAYS TRIGGER locked_stays;
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION qperf_refuse_change();
    ALTER TABLE {table} ENABLE ALWAYS TRIGGER no_truncate;
    """
    for table in FROZEN_BY_LOCK
)
_UNGUARDED = "\n".join(
    f"DROP TRIGGER no_truncate ON {table}; DROP TRIGGER locked_stays ON {table};"
    for table in FROZEN_BY_LOCK
)

FREEZE_LOCKED = migrations.RunSQL(
    f"""
    CREATE FUNCTION projects_refuse_change_of_locked() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'project % is locked and cannot be changed', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    CREATE TRIGGER locked_stays BEFORE UPDATE OR DELETE ON {PROJECT} FOR EACH ROW
        WHEN (OLD.state = 'locked') EXECUTE FUNCTION projects_refuse_change_of_locked();
    ALTER TABLE {PROJECT} ENABLE ALWAYS TRIGGER locked_stays;
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {PROJECT}
        FOR EACH STATEMENT EXECUTE FUNCTION qperf_refuse_change();
    ALTER TABLE {PROJECT} ENABLE ALWAYS TRIGGER no_truncate;

    CREATE FUNCTION projects_refuse_part_of_locked() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        part record := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    BEGIN
        -- The row lock makes this wait for a lock that is being set right now.
        PERFORM FROM {PROJECT} WHERE id = part.project_id AND state = 'locked' FOR SHARE;
        IF FOUND THEN
            RAISE EXCEPTION 'project % is locked and cannot be changed', part.project_id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN part;
    END $$;
    {_GUARDED}

    CREATE FUNCTION projects_refuse_reading_of_locked() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM FROM {PROJECT} WHERE state = 'locked' AND id = (
            SELECT project_id FROM {ASSIGNMENT} WHERE id = NEW.assignment_id
        ) FOR SHARE;
        IF FOUND THEN
            RAISE EXCEPTION 'the project of reading % is locked', NEW.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER locked_project BEFORE INSERT OR UPDATE ON {READING} FOR EACH ROW
        WHEN (NEW.assignment_id IS NOT NULL)
        EXECUTE FUNCTION projects_refuse_reading_of_locked();
    ALTER TABLE {READING} ENABLE ALWAYS TRIGGER locked_project;
    """,
    f"""
    DROP TRIGGER locked_project ON {READING};
    DROP FUNCTION projects_refuse_reading_of_locked();
    {_UNGUARDED}
    DROP FUNCTION projects_refuse_part_of_locked();
    DROP TRIGGER no_truncate ON {PROJECT};
    DROP TRIGGER locked_stays ON {PROJECT};
    DROP FUNCTION projects_refuse_change_of_locked();
    """,
)


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_queries"), ("reviews", "0004_project_readings")]

    operations = [
        same_site(CASE, "study_id", "studies_study"),
        same_site(CASE, "run_id", "runs_analysisrun"),
        same_site(CASE, "reference_id", READING),
        same_site(ASSIGNMENT, "case_id", CASE),
        same_site(ADJUDICATION, "case_id", CASE),
        same_site(DECISION, "adjudication_id", ADJUDICATION),
        same_site(DECISION, "reading_id", READING),
        same_site(QUERY, "case_id", CASE),
        same_site(MESSAGE, "query_id", QUERY),
        *map(protect_site_table, OF_A_SITE),
        PROJECT_ROWS,
        MEMBER_ROWS,
        grant(PROJECT, web="SELECT, INSERT, UPDATE"),
        grant(MEMBER, web="SELECT, INSERT, UPDATE (ended_at)"),
        grant(CASE, web="SELECT, INSERT, UPDATE (run_id), DELETE"),
        grant(ASSIGNMENT, web="SELECT, INSERT, UPDATE (waived_reason)", worker="SELECT"),
        grant(ADJUDICATION, web="SELECT, INSERT, UPDATE (decisions)"),
        grant(QUERY, web="SELECT, INSERT, UPDATE (state)"),
        *(grant(table, web="SELECT, INSERT") for table in (DECISION, MESSAGE)),
        *map(append_only, (DECISION, MESSAGE)),
        FREEZE_LOCKED,
    ]
