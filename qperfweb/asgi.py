"""The web server's entry point (ASGI)."""

import os

import django
from django.conf import settings

from qperfweb.core.handler import ThreadHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qperfweb.settings")
django.setup(set_prefix=False)

application = ThreadHandler(threads=settings.WEB_THREADS)
