from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import pre_migrate


class CoreConfig(AppConfig):
    name = "qperfweb.core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from qperfweb.core import checks
        from qperfweb.core.logins import refuse_a_privileged_login
        from qperfweb.core.logs import tell_warnings_without_words
        from qperfweb.core.schema import refuse_a_newer_database

        checks.register_all()
        tell_warnings_without_words()
        connection_created.connect(refuse_a_privileged_login)
        pre_migrate.connect(refuse_a_newer_database, sender=self)
