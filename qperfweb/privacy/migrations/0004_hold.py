"""One patient's images can be kept longer than the site's rule says."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from qperfweb.core.rls import grant, protect_site_table
from qperfweb.core.same_site import same_site

HOLD = "privacy_hold"


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0003_worker_reads_results"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("until", models.DateField(null=True)),
                ("reason", models.CharField(max_length=500)),
                ("set_at", models.DateTimeField(auto_now=True)),
                (
                    "patient",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="image_hold",
                        to="studies.patient",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.site",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="a_hold_has_a_reason",
                    )
                ],
            },
        ),
        same_site(HOLD, "patient_id", "studies_patient"),
        protect_site_table(HOLD),
        grant(HOLD, web="SELECT, INSERT, UPDATE, DELETE", worker="SELECT"),
    ]
