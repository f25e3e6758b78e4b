"""Readings that belong to a project, and the figures that follow from a reading's segments."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from qperfweb.core.rls import grant, protect_site_table
from qperfweb.core.same_site import same_site

READING, FIGURE = "reviews_reading", "reviews_readingfigure"

FREEZE_FIGURES = migrations.RunSQL(
    f"""
    CREATE TRIGGER signed_stays BEFORE INSERT OR UPDATE OR DELETE ON {FIGURE} FOR EACH ROW
        EXECUTE FUNCTION reviews_refuse_part_of_signed();
    ALTER TABLE {FIGURE} ENABLE ALWAYS TRIGGER signed_stays;
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {FIGURE}
        FOR EACH STATEMENT EXECUTE FUNCTION qperf_refuse_change();
    ALTER TABLE {FIGURE} ENABLE ALWAYS TRIGGER no_truncate;
    """,
    f"""
    DROP TRIGGER no_truncate ON {FIGURE};
    DROP TRIGGER signed_stays ON {FIGURE};
    """,
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_grants"),
        ("projects", "0001_initial"),
        ("reviews", "0003_kinds"),
        ("runs", "0003_self_test"),
        ("studies", "0002_protect"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReadingFigure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=8)),
                ("segment", models.PositiveSmallIntegerField()),
                ("automated_value", models.FloatField(null=True)),
                ("final_value", models.FloatField(null=True)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("automated", "Automated"),
                            ("contour", "From edited contours"),
                            ("typed", "Entered by observer"),
                            ("excluded", "Marked non-diagnostic"),
                        ],
                        max_length=12,
                    ),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="reading",
            name="one_draft_per_reader_and_run",
        ),
        migrations.AddField(
            model_name="reading",
            name="assignment",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="readings",
                to="projects.assignment",
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.UniqueConstraint(
                condition=models.Q(("assignment__isnull", True), ("state", "draft")),
                fields=("run", "reader"),
                name="one_draft_per_reader_and_run",
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "discarded"), _negated=True),
                fields=("assignment",),
                name="one_reading_per_assignment",
            ),
        ),
        migrations.AddField(
            model_name="readingfigure",
            name="reading",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="figures",
                to="reviews.reading",
            ),
        ),
        migrations.AddField(
            model_name="readingfigure",
            name="site",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to="accounts.site"
            ),
        ),
        migrations.AddConstraint(
            model_name="readingfigure",
            constraint=models.UniqueConstraint(
                fields=("reading", "name", "segment"), name="figure_once_per_reading"
            ),
        ),
        migrations.AddConstraint(
            model_name="readingfigure",
            constraint=models.CheckConstraint(
                condition=models.Q(("name__in", ["stress", "rest", "mpr"]), ("segment__lte", 16)),
                name="figure_is_known",
            ),
        ),
        same_site(READING, "assignment_id", "projects_assignment"),
        same_site(FIGURE, "reading_id", READING),
        protect_site_table(FIGURE),
        grant(FIGURE, web="SELECT, INSERT, DELETE", worker="SELECT"),
        FREEZE_FIGURES,
    ]
