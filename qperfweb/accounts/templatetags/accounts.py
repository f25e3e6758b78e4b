"""``{% sign_in_service as service %}``: name and address of single sign-on, if there is one."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.urls import reverse

from qperfweb.accounts.oidc import PROVIDER

register = template.Library()


@register.simple_tag
def sign_in_service() -> dict[str, str] | None:
    apps = settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect", {}).get("APPS", [])
    if not apps:
        return None
    return {"name": apps[0]["name"], "address": reverse("openid_connect_login", args=[PROVIDER])}
