from django.apps import AppConfig


class ViewerConfig(AppConfig):
    name = "qperfweb.viewer"
    default_auto_field = "django.db.models.BigAutoField"
