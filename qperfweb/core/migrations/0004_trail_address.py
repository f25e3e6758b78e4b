"""Where the request of an event came from."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0003_trail_seal"),
    ]

    operations = [
        migrations.AddField(
            model_name="trailevent",
            name="address",
            field=models.CharField(blank=True, db_default="", default="", max_length=45),
        ),
    ]
