"""Result objects are kept apart by site, and only ever added."""

from django.db import migrations

from qperfweb.core.rls import grant, protect_site_table
from qperfweb.core.same_site import same_site

RESULT = "dicom_network_resultobject"


class Migration(migrations.Migration):
    dependencies = [
        ("dicom_network", "0001_initial"),
        ("core", "0002_protect"),
        ("studies", "0002_protect"),
        ("runs", "0002_protect"),
        ("reviews", "0002_protect"),
    ]

    operations = [
        same_site(RESULT, "study_id", "studies_study"),
        same_site(RESULT, "run_id", "runs_analysisrun"),
        same_site(RESULT, "reading_id", "reviews_reading"),
        protect_site_table(RESULT),
        grant(RESULT, web="SELECT, INSERT"),
    ]
