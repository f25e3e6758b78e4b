"""Django settings; every value that an installation may change comes from the environment.

``./run`` sets the database addresses for the embedded PostgreSQL. For a server of your own set
DATABASE_URL (role qperf_web), DATABASE_WORKER_URL (qperf_worker) and DATABASE_OWNER_URL
(qperf_owner, migrations only); see docs/operations.md.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from qperfweb.accounts.oidc import provider_settings
from qperfweb.core.cursors import Cursor
from qperfweb.core.database_url import parse_database_url
from qperfweb.setup.state import anchors_file, kept_secret, state_folder, store_folder

BASE_DIR = Path(__file__).resolve().parent.parent


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    return text(name, str(default)).strip().lower() in ("1", "true", "yes", "on")


def integer(name: str, default: int) -> int:
    return int(text(name) or default)


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


STATE_DIR = state_folder()
STORE_DIR = store_folder()
"""Content-addressed files: received objects, result bundles, rendered documents."""

DEBUG = flag("QPERF_DEBUG")
SECRET_KEY = text("QPERF_SECRET_KEY") or kept_secret("secret_key", size=48)
IDENTITY_KEY = text("QPERF_IDENTITY_KEY") or kept_secret("identity_key")
"""Opens the patients' identities (studies/identity.py). Without it the database names nobody."""
TRAIL_KEY = text("QPERF_TRAIL_KEY") or kept_secret("trail_key")
"""Seals the trail (core/seal.py). Every worker needs the same one; the database never has it."""
TRAIL_ANCHORS = anchors_file()
"""The heads of the trail's chains, one line each; only ever appended to. Keep a copy elsewhere."""
TRAIL_SINK = text("QPERF_TRAIL_SINK")
"""A log server that gets every event, e.g. tls://log.example.org:6514 (core/sink.py)."""
TRAIL_SINK_FORMAT = text("QPERF_TRAIL_SINK_FORMAT", "json")
TRAIL_SINK_CA = text("QPERF_TRAIL_SINK_CA")

HTTPS = flag("QPERF_HTTPS")
# The machine's own health check asks by this address, whatever browsers use.
ALLOWED_HOSTS = [*words("QPERF_ALLOWED_HOSTS", "localhost,[::1]"), "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = words("QPERF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "axes",
    "drf_spectacular",
    "procrastinate.contrib.django",
    "rest_framework",
    "qperfweb.core",
    "qperfweb.accounts",
    "qperfweb.studies",
    "qperfweb.runs",
    "qperfweb.reviews",
    "qperfweb.projects",
    "qperfweb.agreement",
    "qperfweb.reports",
    "qperfweb.dicom_network",
    "qperfweb.privacy",
    "qperfweb.viewer",
]

MIDDLEWARE = [
    "qperfweb.core.middleware.RequestIdMiddleware",
    "qperfweb.core.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "qperfweb.accounts.middleware.ApiTokenMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "qperfweb.accounts.sessions.SessionEndMiddleware",
    "qperfweb.accounts.second_factor.SecondFactorMiddleware",
    "qperfweb.core.middleware.SiteScopeMiddleware",
    "qperfweb.projects.gate.BlindingMiddleware",
    # Innermost: it answers allauth's own exceptions with queries, before the transaction is undone.
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "qperfweb.urls"
ASGI_APPLICATION = "qperfweb.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "qperfweb" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Database -------------------------------------------------------------------------------------
# manage.py chooses the login by the command; a web or worker process never has the owner's.
DATABASE_LOGIN = text("QPERF_DATABASE_LOGIN", "web")
DATABASE_URLS = {
    "web": text("DATABASE_URL"),
    "worker": text("DATABASE_WORKER_URL") or text("DATABASE_URL"),
    "owner": text("DATABASE_OWNER_URL"),
}
_NO_DATABASE = "postgresql://nobody@127.0.0.1:1/none"
DATABASES: dict[str, dict[str, Any]] = {
    "default": parse_database_url(DATABASE_URLS[DATABASE_LOGIN] or _NO_DATABASE),
}
# A connection that a cut cable left open is noticed within half a minute, not after two hours.
for _option, _value in (
    ("connect_timeout", 10),
    ("keepalives_idle", 10),
    ("keepalives_interval", 5),
    ("keepalives_count", 3),
    ("tcp_user_timeout", 25_000),
):
    DATABASES["default"]["OPTIONS"].setdefault(_option, _value)
# The server must notice it, too: what a worker that was cut off had locked would wait with it.
_SERVER_SIDE = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 "
    "-c tcp_user_timeout=25000"
)
_GIVEN = DATABASES["default"]["OPTIONS"].get("options", "")
DATABASES["default"]["OPTIONS"]["options"] = f"{_SERVER_SIDE} {_GIVEN}".strip()
# A question that was asked five times on a connection is read and planned no more: that was more
# than half of what PostgreSQL spends on a page.
DATABASES["default"]["OPTIONS"] |= {
    "server_side_binding": True,
    "cursor_factory": Cursor,
    "prepare_threshold": 5,
}
WEB_THREADS = integer("QPERF_DATABASE_POOL_SIZE", 10)
"""How many requests are answered at once. Each thread keeps one connection (core/handler.py)."""
if flag("QPERF_DATABASE_KEPT"):
    DATABASES["default"]["CONN_MAX_AGE"] = None

# People ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "qperfweb.accounts.adapter.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login_failed": False}  # axes counts failures, in the database

ACCOUNT_REAUTHENTICATION_REQUIRED = True
SOCIALACCOUNT_ADAPTER = "qperfweb.accounts.single_sign_on.SingleSignOnAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # the content policy lets no form lead to another host
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_PROVIDERS = provider_settings(os.environ)

MFA_ADAPTER = "qperfweb.accounts.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "QPerf Web"
MFA_TOTP_TOLERANCE = 1  # a telephone's clock may be half a minute off
MFA_FORMS = {
    "authenticate": "qperfweb.accounts.second_factor.CountedAuthenticateForm",
    "reauthenticate": "qperfweb.accounts.second_factor.CountedReauthenticateForm",
}

AXES_FAILURE_LIMIT = integer("QPERF_SIGN_IN_FAILURES", 8)
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "qperfweb.accounts.throttle.attempted_name"
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False

SESSION_COOKIE_AGE = integer("QPERF_SESSION_HOURS", 12) * 3600
SESSION_IDLE_S = integer("QPERF_SESSION_IDLE_MINUTES", 60) * 60
"""A session ends this long after its person last did something (accounts/sessions.py)."""
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
# Asked from the same machine, behind the proxy: a redirect would look like a failure.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# Whether other names below this one have TLS too is not ours to say, nor to be preloaded for ever.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "qperfweb.core.views.csrf_failure"

# API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "qperfweb.accounts.tokens.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["qperfweb.core.permissions.MayDo"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "qperfweb.core.errors.api_exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "QPerf Web",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "ENUM_NAME_OVERRIDES": {"FlowModelEnum": "qperfweb.runs.api.FLOW_MODELS"},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "qperfweb.core.api_document.describe_refusals",
    ],
}

# Files and pages ------------------------------------------------------------------------------
STATIC_URL = "/static/"
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.is_dir() else []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
DATA_UPLOAD_MAX_NUMBER_FILES = 20_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600

# Several machines share their files through an object store (studies/object_store.py).
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
_OBJECT_STORE = urlsplit(text("QPERF_OBJECT_STORE"))
if _OBJECT_STORE.scheme == "s3":
    from botocore.config import Config

    STORAGES["objects"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": _OBJECT_STORE.netloc,
            "location": _OBJECT_STORE.path.strip("/"),
            "endpoint_url": text("QPERF_OBJECT_STORE_ENDPOINT") or None,
            "access_key": text("QPERF_OBJECT_STORE_KEY") or None,
            "secret_key": text("QPERF_OBJECT_STORE_SECRET") or None,
            "region_name": text("QPERF_OBJECT_STORE_REGION") or None,
            "client_config": Config(
                connect_timeout=5,
                read_timeout=60,
                max_pool_connections=16,
                retries={"max_attempts": 3, "mode": "standard"},
                # Servers other than Amazon's seldom have a host name for every bucket.
                s3={"addressing_style": "path" if text("QPERF_OBJECT_STORE_ENDPOINT") else "auto"},
                signature_version="s3v4",
            ),
            "file_overwrite": True,
            "default_acl": None,
        },
    }

LANGUAGE_CODE = "en-gb"
TIME_ZONE = text("QPERF_TIME_ZONE", "UTC")
USE_TZ = True

# Analysis -------------------------------------------------------------------------------------
STUDY_QUIET_S = integer("QPERF_STUDY_QUIET_SECONDS", 10)
"""A study is analysed once no object has arrived for this long."""
RUN_TIME_LIMIT_S = integer("QPERF_RUN_TIME_LIMIT_SECONDS", 900)
METRICS_TOKEN = text("QPERF_METRICS_TOKEN")
"""Password of who may read /metrics from another machine; without one, only this machine may."""
RUN_MEMORY_LIMIT_BYTES = integer("QPERF_RUN_MEMORY_LIMIT_MIB", 3072) * 2**20

# DICOM associations ---------------------------------------------------------------------------
DICOM_AE_TITLE = text("QPERF_DICOM_AE_TITLE", "QPERF")
DICOM_PORT = integer("QPERF_DICOM_PORT", 11112)
DICOM_CALLERS = words("QPERF_DICOM_CALLERS")
"""Who may send, as TITLE=site or TITLE@address=site (dicom_network/callers.py)."""
DICOM_DESTINATIONS = words("QPERF_DICOM_DESTINATIONS")
"""Where results go, as site/NAME=dicom://AET@host:port or an https address."""
DICOM_SEND = text("QPERF_DICOM_SEND", "signed")
"""What goes there by itself: ``signed`` readings, ``analysed`` results too, or ``nothing``."""

SEND_NETWORKS = words("QPERF_SEND_NETWORKS")
DICOMWEB_ORIGINS = words("QPERF_DICOMWEB_ORIGINS")
"""Networks (10.0.0.0/8) that sites may send results to; none: all but the server itself."""
WATCH_FOLDERS = words("QPERF_WATCH_FOLDERS")
"""Folders that are emptied into a site, as site=/path (dicom_network/watch.py)."""

# Log ------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "qperfweb.core.logs.LineFormatter"},
        "json": {"()": "qperfweb.core.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json" if text("QPERF_LOG_FORMAT") == "json" else "line",
        }
    },
    "root": {"handlers": ["stderr"], "level": text("QPERF_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "axes": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
    },
}
