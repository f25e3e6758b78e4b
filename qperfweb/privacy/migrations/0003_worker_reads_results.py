"""Whoever deletes a file first asks every table that may name it; the worker does so, too."""

from django.db import migrations

from qperfweb.core.rls import grant


class Migration(migrations.Migration):
    dependencies = [("privacy", "0002_arrival_and_retention")]

    operations = [
        grant("dicom_network_resultobject", web="SELECT, INSERT, DELETE", worker="SELECT"),
    ]
