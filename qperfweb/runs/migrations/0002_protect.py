"""Sites kept apart, least privilege, and a run that has ended stays as it ended."""

from django.db import migrations

from qperfweb.core.rls import WEB, WORKER, grant, protect_site_table
from qperfweb.core.same_site import same_site

RUN, SLICE = "runs_analysisrun", "runs_sliceresult"
SEGMENT, GLOBAL = "runs_segmentresult", "runs_globalresult"

ENDED_RUNS_STAY = migrations.RunSQL(
    f"""
    CREATE FUNCTION runs_refuse_change_of_ended_run() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        expected {RUN} := OLD;
    BEGIN
        -- Only the mark "outdated" may still be set on a run that has ended.
        expected.outdated_reason := NEW.outdated_reason;
        IF NEW IS DISTINCT FROM expected THEN
            RAISE EXCEPTION 'run % has ended and cannot be changed', OLD.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER ended_runs_stay BEFORE UPDATE ON {RUN} FOR EACH ROW
        WHEN (OLD.state IN ('succeeded', 'failed', 'cancelled'))
        EXECUTE FUNCTION runs_refuse_change_of_ended_run();
    ALTER TABLE {RUN} ENABLE ALWAYS TRIGGER ended_runs_stay;
    """,
    f"""
    DROP TRIGGER ended_runs_stay ON {RUN};
    DROP FUNCTION runs_refuse_change_of_ended_run();
    """,
)

QUEUE_GRANTS = migrations.RunSQL(
    f"""
    GRANT SELECT, INSERT ON procrastinate_jobs, procrastinate_events TO {WEB};
    GRANT SELECT ON procrastinate_workers, procrastinate_periodic_defers TO {WEB};
    GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs, procrastinate_events,
        procrastinate_workers, procrastinate_periodic_defers TO {WORKER};
    GRANT USAGE, SELECT ON SEQUENCE procrastinate_jobs_id_seq, procrastinate_events_id_seq
        TO {WEB}, {WORKER};
    GRANT USAGE, SELECT ON SEQUENCE procrastinate_periodic_defers_id_seq TO {WORKER};
    """,
    f"""
    REVOKE ALL ON procrastinate_jobs, procrastinate_events, procrastinate_workers,
        procrastinate_periodic_defers FROM {WEB}, {WORKER};
    """,
)
"""Jobs carry no patient data and no site rows; web may queue them, only workers take them."""


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0001_initial"),
        ("studies", "0002_protect"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]

    operations = [
        same_site(RUN, "study_id", "studies_study"),
        same_site(RUN, "parent_id", RUN),
        same_site(SLICE, "run_id", RUN),
        same_site(SEGMENT, "run_id", RUN),
        same_site(GLOBAL, "run_id", RUN),
        *map(protect_site_table, (RUN, SLICE, SEGMENT, GLOBAL)),
        grant(
            RUN,
            web="SELECT, INSERT, UPDATE (state, stage, cancel_requested, finished_at)",
            worker="SELECT, INSERT, UPDATE",
        ),
        *(grant(t, web="SELECT", worker="SELECT, INSERT") for t in (SLICE, SEGMENT, GLOBAL)),
        ENDED_RUNS_STAY,
        QUEUE_GRANTS,
    ]
