from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "qperfweb.accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from allauth.mfa.models import Authenticator
        from allauth.socialaccount.signals import social_account_added
        from django.contrib.auth.signals import user_logged_out, user_login_failed
        from django.db.models.signals import post_delete, post_save

        from qperfweb.accounts import receivers, second_factor, single_sign_on

        user_login_failed.connect(receivers.sign_in_failed)
        user_logged_out.connect(receivers.signed_out)
        post_save.connect(second_factor.factor_saved, sender=Authenticator)
        post_delete.connect(second_factor.factor_removed, sender=Authenticator)
        social_account_added.connect(single_sign_on.account_connected)
