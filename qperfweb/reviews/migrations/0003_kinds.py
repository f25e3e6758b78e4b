"""Edits of grades, scores, clinical data, territories and comparison get names of their own;
reports come on A4 or Letter."""

from django.db import migrations, models

KINDS = [
    ("opened", "Opened from the automated result"),
    ("contour", "Contour edited"),
    ("contour_reset", "Contour reset to automated"),
    ("override", "Value entered by hand"),
    ("override_reset", "Value reset"),
    ("segment_status", "Segment marked"),
    ("acknowledge", "Flag acknowledged"),
    ("report", "Report text"),
    ("quality", "Image quality graded"),
    ("visual", "Visual score"),
    ("scar", "Scar noted"),
    ("clinical", "Clinical data"),
    ("territories", "Coronary territories"),
    ("comparison", "Prior exam"),
    ("undo", "Undone"),
    ("redo", "Redone"),
]


class Migration(migrations.Migration):
    dependencies = [("reviews", "0002_protect")]

    operations = [
        migrations.AlterField(
            "readingrevision", "kind", models.CharField(choices=KINDS, max_length=16)
        ),
        migrations.AddField(
            model_name="reportdocument",
            name="paper",
            field=models.CharField(
                choices=[("a4", "A4"), ("us-letter", "Letter")], default="a4", max_length=12
            ),
        ),
        migrations.RemoveConstraint("reportdocument", "document_once_per_revision"),
        migrations.AddConstraint(
            "reportdocument",
            models.UniqueConstraint(
                fields=["reading", "revision", "addenda", "paper"],
                name="document_once_per_revision",
            ),
        ),
    ]
