"""Transmissions are kept apart by site."""

from django.db import migrations

from qperfweb.core.rls import grant, protect_site_table
from qperfweb.core.same_site import same_site

TRANSMISSION = "dicom_network_transmission"


class Migration(migrations.Migration):
    dependencies = [("dicom_network", "0003_transmission")]

    operations = [
        same_site(TRANSMISSION, "study_id", "studies_study"),
        protect_site_table(TRANSMISSION),
        grant(TRANSMISSION, web="SELECT, INSERT, UPDATE"),
    ]
