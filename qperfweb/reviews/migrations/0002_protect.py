"""Sites kept apart, least privilege, and what is signed stays as it was signed."""

from django.db import migrations

from qperfweb.core.append_only import append_only
from qperfweb.core.rls import grant, protect_site_table
from qperfweb.core.same_site import same_site

READING, REVISION = "reviews_reading", "reviews_readingrevision"
SEGMENT, SIGNATURE = "reviews_readingsegment", "reviews_signature"
ADDENDUM, DOCUMENT = "reviews_addendum", "reviews_reportdocument"
PARTS = (REVISION, SEGMENT, SIGNATURE, ADDENDUM, DOCUMENT)

FREEZE_SIGNED = migrations.RunSQL(
    f"""
    CREATE FUNCTION reviews_refuse_change_of_signed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'reading % is signed and cannot be changed', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END $$;
    CREATE TRIGGER signed_stays BEFORE UPDATE OR DELETE ON {READING} FOR EACH ROW
        WHEN (OLD.state = 'signed') EXECUTE FUNCTION reviews_refuse_change_of_signed();
    ALTER TABLE {READING} ENABLE ALWAYS TRIGGER signed_stays;
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {READING}
        FOR EACH STATEMENT EXECUTE FUNCTION qperf_refuse_change();
    ALTER TABLE {READING} ENABLE ALWAYS TRIGGER no_truncate;

    CREATE FUNCTION reviews_refuse_part_of_signed() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        part record := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    BEGIN
        -- The row lock makes this wait for a signature that is being given right now.
        PERFORM FROM {READING} WHERE id = part.reading_id AND state = 'signed' FOR SHARE;
        IF FOUND THEN
            RAISE EXCEPTION 'reading % is signed and cannot be changed', part.reading_id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN part;
    END $$;
    CREATE TRIGGER signed_stays BEFORE INSERT OR UPDATE OR DELETE ON {SEGMENT} FOR EACH ROW
        EXECUTE FUNCTION reviews_refuse_part_of_signed();
    ALTER TABLE {SEGMENT} ENABLE ALWAYS TRIGGER signed_stays;
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {SEGMENT}
        FOR EACH STATEMENT EXECUTE FUNCTION qperf_refuse_change();
    ALTER TABLE {SEGMENT} ENABLE ALWAYS TRIGGER no_truncate;
    CREATE TRIGGER signed_stays BEFORE INSERT ON {REVISION} FOR EACH ROW
        EXECUTE FUNCTION reviews_refuse_part_of_signed();
    ALTER TABLE {REVISION} ENABLE ALWAYS TRIGGER signed_stays;
    """,
    f"""
    DROP TRIGGER signed_stays ON {REVISION};
    DROP TRIGGER no_truncate ON {SEGMENT};
    DROP TRIGGER signed_stays ON {SEGMENT};
    DROP FUNCTION reviews_refuse_part_of_signed();
    DROP TRIGGER no_truncate ON {READING};
    DROP TRIGGER signed_stays ON {READING};
    DROP FUNCTION reviews_refuse_change_of_signed();
    """,
)


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_initial"), ("runs", "0002_protect")]

    operations = [
        same_site(READING, "study_id", "studies_study"),
        same_site(READING, "run_id", "runs_analysisrun"),
        *(same_site(part, "reading_id", READING) for part in PARTS),
        *map(protect_site_table, (READING, *PARTS)),
        grant(READING, web="SELECT, INSERT, UPDATE", worker="SELECT"),
        grant(SEGMENT, web="SELECT, INSERT, DELETE", worker="SELECT"),
        *(
            grant(t, web="SELECT, INSERT", worker="SELECT")
            for t in (REVISION, SIGNATURE, ADDENDUM, DOCUMENT)
        ),
        *map(append_only, (REVISION, SIGNATURE, ADDENDUM, DOCUMENT)),
        FREEZE_SIGNED,
    ]
