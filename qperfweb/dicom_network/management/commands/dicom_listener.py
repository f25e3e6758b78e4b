"""``dicom_listener``: receive DICOM objects, empty watched folders and send results."""

from __future__ import annotations

import signal
import tempfile
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from qperfweb.accounts.models import Site
from qperfweb.dicom_network.configured import callers_of_operator, known_callers
from qperfweb.dicom_network.destinations import parse_destinations
from qperfweb.dicom_network.listener import Listener
from qperfweb.dicom_network.sending import SENT_BY_ITSELF, Sender
from qperfweb.dicom_network.spool import receiving_folder, recover
from qperfweb.dicom_network.watch import Watcher, parse_folders

SENDER_GRACE_S = 10


class Command(BaseCommand):
    help = (
        "Receive DICOM objects by C-STORE, answer C-ECHO, empty watched folders, and send results. "
        "Who may send and where results go is set on the network page of each site, or by "
        "QPERF_DICOM_CALLERS (SCANNER1=north,PACS@10.0.0.5=south), QPERF_DICOM_DESTINATIONS and "
        "QPERF_WATCH_FOLDERS (north=/srv/incoming)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="0.0.0.0", help="address to listen on (all)")
        parser.add_argument("--port", type=int, default=settings.DICOM_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            callers = callers_of_operator()
            destinations = parse_destinations(settings.DICOM_DESTINATIONS)
            folders = parse_folders(settings.WATCH_FOLDERS)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        sites = set(Site.objects.values_list("slug", flat=True))
        unknown = sorted({one.site for one in (*callers, *destinations, *folders)} - sites)
        if unknown:
            raise CommandError(
                f"Callers, destinations or folders name unknown sites: {', '.join(unknown)}"
            )
        if settings.DICOM_SEND not in SENT_BY_ITSELF:
            raise CommandError(f"QPERF_DICOM_SEND is one of {', '.join(SENT_BY_ITSELF)}")
        missing = next((f.path for f in folders if not f.path.is_dir()), None)
        if missing is not None:
            raise CommandError(f"QPERF_WATCH_FOLDERS: there is no folder {missing}")
        # pynetdicom asks for a temporary file for each object, wherever those are kept.
        tempfile.tempdir = str(receiving_folder())
        left = recover()
        if left:
            self.stdout.write(f"{left} objects from before were taken in")
        listener = Listener(settings.DICOM_AE_TITLE, known_callers)
        try:
            listener.start(options["host"], options["port"])
        except OSError as error:
            raise CommandError(f"port {options['port']}: {error.strerror}") from error
        stopped = threading.Event()
        for wanted in (signal.SIGINT, signal.SIGTERM):
            signal.signal(wanted, lambda *_: stopped.set())
        self.stdout.write(f"{settings.DICOM_AE_TITLE} listens on port {listener.port}")
        self.stdout.flush()
        helpers = [
            threading.Thread(target=Sender().run, args=[stopped], name="sender"),
            threading.Thread(target=Watcher(folders).run, args=[stopped], name="watcher"),
        ]
        for helper in helpers:
            helper.start()
        stopped.wait()
        listener.stop()
        for helper in helpers:
            helper.join(SENDER_GRACE_S)
