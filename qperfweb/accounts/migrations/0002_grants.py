"""What the web server and the worker may do with people, sites and tokens."""

from django.db import migrations

from qperfweb.core.rls import grant


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        grant("accounts_site", web="SELECT, INSERT, UPDATE", worker="SELECT"),
        grant("accounts_user", web="SELECT, INSERT, UPDATE", worker="SELECT"),
        grant("accounts_membership", web="SELECT, INSERT, UPDATE, DELETE", worker="SELECT"),
        grant("accounts_apitoken", web="SELECT, INSERT, UPDATE"),
    ]
