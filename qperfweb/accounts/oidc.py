"""Which OpenID Connect provider signs people in, out of the environment. Read by the settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PROVIDER = "sso"
"""The provider's name in addresses: /accounts/oidc/sso/login/."""


def provider_settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """SOCIALACCOUNT_PROVIDERS out of QPERF_OIDC_*; empty where no provider is named.

    The secret is read from a file, which only this user should be able to read.

    Raises
    ------
    ValueError
        When only a part is set, the secret's file cannot be read, or the provider is not https.
    """
    server = environment.get("QPERF_OIDC_SERVER", "").strip().rstrip("/")
    if not server:
        return {}
    parts = urlsplit(server)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError("QPERF_OIDC_SERVER must begin with https://")
    client = environment.get("QPERF_OIDC_CLIENT_ID", "").strip()
    file = environment.get("QPERF_OIDC_CLIENT_SECRET_FILE", "").strip()
    if not client or not file:
        raise ValueError("QPERF_OIDC_SERVER needs QPERF_OIDC_CLIENT_ID and ..._CLIENT_SECRET_FILE")
    try:
        secret = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(
            f"QPERF_OIDC_CLIENT_SECRET_FILE cannot be read: {error.strerror}"
        ) from error
    app = {
        "provider_id": PROVIDER,
        "name": environment.get("QPERF_OIDC_NAME", "").strip() or "single sign-on",
        "client_id": client,
        "secret": secret,
        "settings": {"server_url": server},
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
