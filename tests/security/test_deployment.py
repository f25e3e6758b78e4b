"""A deployment as docs/operations.md describes it passes Django's own checks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.test import Client

from tests.database import ROOT


def test_the_deployment_checks_find_nothing(own_database, tmp_path):
    environment = {
        **os.environ,
        **own_database.environment,
        "QPERF_STATE": str(tmp_path / "state"),
        "QPERF_HTTPS": "1",
        "QPERF_ALLOWED_HOSTS": "perfusion.example.org",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    command += ["--database", "default"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_behind_tls_cookies_and_headers_say_so(client, settings, db):
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    answer = client.get("/accounts/login/", secure=True)
    assert answer["Strict-Transport-Security"] == "max-age=31536000"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in answer["Permissions-Policy"]
    assert answer.cookies["csrftoken"]["secure"]


@pytest.mark.parametrize(
    ("address", "code"), [("/healthz", 200), ("/readyz", 200), ("/accounts/login/", 301)]
)
def test_behind_tls_the_health_check_of_the_same_machine_is_answered(address, code, settings, db):
    settings.SECURE_SSL_REDIRECT = True
    assert Client(SERVER_NAME="127.0.0.1").get(address).status_code == code
