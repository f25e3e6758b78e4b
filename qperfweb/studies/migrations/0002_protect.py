"""Sites kept apart by composite keys and row-level security; least privilege for web and worker."""

from django.db import migrations

from qperfweb.core.rls import grant, protect_site_table
from qperfweb.core.same_site import same_site

PATIENT, IDENTITY = "studies_patient", "studies_patientidentity"
STUDY, SERIES, INSTANCE = "studies_study", "studies_series", "studies_instance"
BATCH, PROBLEM = "studies_intakebatch", "studies_intakeproblem"


class Migration(migrations.Migration):
    dependencies = [("studies", "0001_initial"), ("core", "0002_protect")]

    operations = [
        same_site(IDENTITY, "patient_id", PATIENT),
        same_site(STUDY, "patient_id", PATIENT),
        same_site(SERIES, "study_id", STUDY),
        same_site(INSTANCE, "series_id", SERIES),
        same_site(PROBLEM, "batch_id", BATCH),
        same_site(PROBLEM, "study_id", STUDY),
        *map(protect_site_table, (PATIENT, IDENTITY, STUDY, SERIES, INSTANCE, BATCH, PROBLEM)),
        grant(PATIENT, web="SELECT, INSERT, UPDATE", worker="SELECT"),
        # The analysis needs no names.
        grant(IDENTITY, web="SELECT, INSERT, UPDATE"),
        grant(STUDY, web="SELECT, INSERT, UPDATE", worker="SELECT, UPDATE"),
        grant(SERIES, web="SELECT, INSERT, UPDATE", worker="SELECT, UPDATE (classification)"),
        grant(INSTANCE, web="SELECT, INSERT", worker="SELECT"),
        grant(BATCH, web="SELECT, INSERT, UPDATE", worker="SELECT"),
        grant(PROBLEM, web="SELECT, INSERT, UPDATE", worker="SELECT, INSERT"),
    ]
