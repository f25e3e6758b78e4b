from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0003_self_test")]

    operations = [
        migrations.AddField(
            "analysisrun", "reason", models.CharField(blank=True, default="", max_length=500),
            preserve_default=False,
        ),
    ]  # fmt: skip
