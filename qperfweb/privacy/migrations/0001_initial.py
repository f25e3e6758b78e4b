"""Policies, pseudonyms and erasures, per site and out of reach of the worker."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from qperfweb.core.rls import grant, protect_site_table
from qperfweb.core.same_site import same_site

POLICY, PSEUDONYM, ERASURE = "privacy_policy", "privacy_pseudonym", "privacy_erasure"


def _id():
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0004_site_second_factor"),
        ("studies", "0004_problem_group"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Policy",
            fields=[
                ("id", _id()),
                ("images_kept_days", models.PositiveIntegerField(null=True)),
                ("readings_kept_years", models.PositiveSmallIntegerField(default=10)),
                ("keep", models.JSONField(default=list)),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "site",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.site",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Pseudonym",
            fields=[
                ("id", _id()),
                ("name", models.CharField(max_length=32)),
                ("sealed", models.BinaryField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="studies.patient",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="accounts.site"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("site", "name"), name="pseudonym_once_per_site"
                    ),
                    models.UniqueConstraint(fields=("patient",), name="one_pseudonym_per_patient"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", _id()),
                ("patient_number", models.BigIntegerField()),
                ("reason", models.CharField(max_length=500)),
                ("done_at", models.DateTimeField(auto_now_add=True)),
                ("document", models.JSONField(default=dict)),
                ("rest_due_at", models.DateTimeField(null=True)),
                ("rest_done_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="accounts.site"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["site", "-id"], name="erasure_recent")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="an_erasure_has_a_reason",
                    )
                ],
            },
        ),
        same_site(PSEUDONYM, "patient_id", "studies_patient"),
        *map(protect_site_table, (POLICY, PSEUDONYM, ERASURE)),
        grant(POLICY, web="SELECT, INSERT, UPDATE"),
        grant(PSEUDONYM, web="SELECT, INSERT, DELETE"),
        grant(ERASURE, web="SELECT, INSERT"),
    ]
