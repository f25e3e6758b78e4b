"""The trail is per site and append-only; the tables of Django and its plug-ins get their grants."""

from django.db import migrations

from qperfweb.core.append_only import MAKE_REFUSAL_FUNCTION, append_only
from qperfweb.core.rls import MAKE_SITES_FUNCTION, grant, protect_site_table

EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("sessions", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("axes", "0010_accessattemptexpiration"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]

    operations = [
        MAKE_SITES_FUNCTION,
        MAKE_REFUSAL_FUNCTION,
        protect_site_table("core_trailevent", site_optional=True),
        append_only("core_trailevent"),
        grant("core_trailevent", web="SELECT, INSERT", worker="SELECT, INSERT"),
        grant("django_migrations", web="SELECT", worker="SELECT"),
        grant("django_content_type", web="SELECT", worker="SELECT"),
        grant("django_session", web=EVERYTHING),
        grant("account_emailaddress", web=EVERYTHING),
        grant("account_emailconfirmation", web=EVERYTHING),
        grant("axes_accessattempt", web=EVERYTHING),
        grant("axes_accessattemptexpiration", web=EVERYTHING),
        grant("axes_accessfailurelog", web=EVERYTHING),
        grant("axes_accesslog", web=EVERYTHING),
        # The queue carries ids only; it is not divided by site.
        grant("procrastinate_jobs", web=EVERYTHING, worker=EVERYTHING),
        grant("procrastinate_events", web=EVERYTHING, worker=EVERYTHING),
        grant("procrastinate_periodic_defers", web=EVERYTHING, worker=EVERYTHING),
        grant("procrastinate_workers", web="SELECT", worker=EVERYTHING),
    ]
