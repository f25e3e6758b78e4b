from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "qperfweb.projects"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import receivers  # noqa: F401  # connects the signals of the packages below
