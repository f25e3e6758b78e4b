from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "qperfweb.privacy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from qperfweb.studies import arrivals as asked

        from . import arrivals

        asked.preparation_for = arrivals.preparation_for
        asked.removes_identity = arrivals.removes_identity
