"""Indexes for "assigned to me" and "with flags": few of many studies, newest first."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("studies", "0004_problem_group")]

    operations = [
        migrations.AddIndex(
            model_name="study",
            index=models.Index(
                fields=["assigned_to", "-last_received_at"],
                name="study_by_reader",
                condition=Q(assigned_to__isnull=False),
            ),
        ),
        migrations.AddIndex(
            model_name="study",
            index=models.Index(
                fields=["site", "-last_received_at"],
                name="study_flagged",
                condition=Q(flag_count__gt=0),
            ),
        ),
    ]
