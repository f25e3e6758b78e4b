from django.apps import AppConfig


class AgreementConfig(AppConfig):
    name = "qperfweb.agreement"
    default_auto_field = "django.db.models.BigAutoField"
