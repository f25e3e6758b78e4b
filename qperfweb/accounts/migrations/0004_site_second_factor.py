"""A site may require a second factor; the tables of django-allauth's plug-ins get their grants."""

from django.db import migrations, models

from qperfweb.core.rls import grant

EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_preferences"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="site",
            name="second_factor_required",
            field=models.BooleanField(db_default=False, default=False),
        ),
        grant("mfa_authenticator", web=EVERYTHING),
        grant("socialaccount_socialaccount", web=EVERYTHING),
        grant("socialaccount_socialtoken", web=EVERYTHING),
        # The provider comes from the environment; the web login cannot add one.
        grant("socialaccount_socialapp", web="SELECT"),
        grant("usersessions_usersession", web=EVERYTHING),
    ]
