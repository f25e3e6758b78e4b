"""Whole cohorts analysed again. Their rows name sites and dates, no patient."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from qperfweb.core.rls import grant


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("runs", "0004_reason"),
    ]

    operations = [
        migrations.CreateModel(
            name="Cohort",
            fields=[
                ("id", models.BigAutoField(
                    auto_created=True, primary_key=True, serialize=False, verbose_name="ID",
                )),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("criteria", models.JSONField(default=dict)),
                ("state", models.CharField(
                    choices=[("running", "Running"), ("paused", "Paused"), ("done", "Done"),
                             ("cancelled", "Cancelled")],
                    default="running", max_length=12,
                )),
                ("total", models.PositiveIntegerField(default=0)),
                ("skipped", models.PositiveIntegerField(default=0)),
                ("last_study", models.BigIntegerField(default=0)),
                ("requested_by", models.ForeignKey(
                    null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+",
                    to=settings.AUTH_USER_MODEL,
                )),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["running", "paused", "done", "cancelled"])
                        ),
                        name="cohort_state_known",
                    )
                ],
            },
        ),
        migrations.AddField(
            "analysisrun",
            "cohort",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="runs",
                to="runs.cohort",
            ),
        ),
        grant(
            "runs_cohort", web="SELECT, INSERT, UPDATE (state)", worker="SELECT, INSERT, UPDATE"
        ),
    ]  # fmt: skip
