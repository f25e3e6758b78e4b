from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "qperfweb.reports"
    default_auto_field = "django.db.models.BigAutoField"
