"""How far the trail has been sent to a log server."""

from django.db import migrations, models

from qperfweb.core.rls import grant


class Migration(migrations.Migration):
    dependencies = [("core", "0004_trail_address")]

    operations = [
        migrations.CreateModel(
            name="TrailShipment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("chain", models.CharField(max_length=32, unique=True)),
                ("number", models.PositiveIntegerField(default=0)),
                ("shipped_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        grant("core_trailshipment", web="SELECT", worker="SELECT, INSERT, UPDATE"),
    ]
