"""Identity removed on arrival; images removed by the worker when a site keeps them no longer."""

from django.db import migrations, models

from qperfweb.core.rls import grant


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0001_initial"),
        ("dicom_network", "0005_caller_sendtarget"),
        ("studies", "0005_worklist_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="policy",
            name="clean_on_arrival",
            field=models.BooleanField(db_default=False, default=False),
        ),
        # The worker removes what a site's rule says, and nothing that people wrote.
        grant("privacy_policy", web="SELECT, INSERT, UPDATE", worker="SELECT"),
        grant("studies_instance", web="SELECT, INSERT, DELETE", worker="SELECT, DELETE"),
        grant(
            "studies_series",
            web="SELECT, INSERT, UPDATE, DELETE",
            worker="SELECT, UPDATE (classification), DELETE",
        ),
        # Made of images and name the patient: they go with an erased patient.
        grant("dicom_network_resultobject", web="SELECT, INSERT, DELETE"),
        grant("dicom_network_transmission", web="SELECT, INSERT, UPDATE, DELETE"),
    ]
