from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "qperfweb.accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_out, user_login_failed

        from qperfweb.accounts import receivers

        user_login_failed.connect(receivers.sign_in_failed)
        user_logged_out.connect(receivers.signed_out)
