"""``dicom_listener``: receive DICOM objects and send results until told to stop."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from qperfweb.accounts.models import Site
from qperfweb.dicom_network.callers import parse_callers
from qperfweb.dicom_network.destinations import parse_destinations
from qperfweb.dicom_network.listener import Listener
from qperfweb.dicom_network.sending import SENT_BY_ITSELF, Sender
from qperfweb.dicom_network.spool import recover

SENDER_GRACE_S = 10


class Command(BaseCommand):
    help = (
        "Receive DICOM objects by C-STORE, answer C-ECHO, and send results. QPERF_DICOM_CALLERS "
        "says who may send and which site receives, e.g. SCANNER1=north,PACS@10.0.0.5=south; "
        "everybody else is refused. QPERF_DICOM_DESTINATIONS says where results go."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="0.0.0.0", help="address to listen on (all)")
        parser.add_argument("--port", type=int, default=settings.DICOM_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            callers = parse_callers(settings.DICOM_CALLERS)
            destinations = parse_destinations(settings.DICOM_DESTINATIONS)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        sites = set(Site.objects.values_list("slug", flat=True))
        unknown = sorted({one.site for one in (*callers, *destinations)} - sites)
        if unknown:
            raise CommandError(f"Callers or destinations name unknown sites: {', '.join(unknown)}")
        if settings.DICOM_SEND not in SENT_BY_ITSELF:
            raise CommandError(f"QPERF_DICOM_SEND is one of {', '.join(SENT_BY_ITSELF)}")
        if not callers and not destinations:
            raise CommandError("Say in QPERF_DICOM_CALLERS who may send, e.g. SCANNER1=north")
        left = recover()
        if left:
            self.stdout.write(f"{left} objects from before were taken in")
        listener = Listener(settings.DICOM_AE_TITLE, callers)
        try:
            listener.start(options["host"], options["port"])
        except OSError as error:
            raise CommandError(f"port {options['port']}: {error.strerror}") from error
        stopped = threading.Event()
        for wanted in (signal.SIGINT, signal.SIGTERM):
            signal.signal(wanted, lambda *_: stopped.set())
        self.stdout.write(f"{settings.DICOM_AE_TITLE} listens on port {listener.port}")
        self.stdout.flush()
        sender = threading.Thread(target=Sender(destinations).run, args=[stopped], name="sender")
        sender.start()
        stopped.wait()
        listener.stop()
        sender.join(SENDER_GRACE_S)
