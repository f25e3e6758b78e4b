"""Which study and person a set-aside object names: what belongs together is decided together."""

from django.db import migrations, models

from qperfweb.core.rls import grant


class Migration(migrations.Migration):
    dependencies = [("studies", "0003_importrules")]

    operations = [
        migrations.AddField(
            model_name="intakeproblem",
            name="study_instance_uid",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="intakeproblem",
            name="identity_digest",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        # Images are erased by the web server; what people signed never is (reviews).
        grant("studies_instance", web="SELECT, INSERT, DELETE", worker="SELECT"),
        grant(
            "studies_series",
            web="SELECT, INSERT, UPDATE, DELETE",
            worker="SELECT, UPDATE (classification)",
        ),
        grant(
            "studies_intakeproblem",
            web="SELECT, INSERT, UPDATE, DELETE",
            worker="SELECT, INSERT",
        ),
    ]
