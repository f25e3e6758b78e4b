from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "qperfweb.runs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import bundles, receivers, shared_bundles  # noqa: F401  # receivers: signals

        bundles.on_missing = shared_bundles.find_bundle
