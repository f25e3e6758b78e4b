"""A study with a result and a destination, and rounds of sending, without images and listener.

``receive`` and ``send`` run as the web server, ``analyse`` as a worker.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from qperfweb.accounts.models import Site
from qperfweb.core.rls import site_scope
from qperfweb.dicom_network.models import SendTarget
from qperfweb.dicom_network.sending import Sender
from qperfweb.studies.models import Study
from tests.dicom import make
from tests.reports.exports import analysed, images, received

STUDY = make.uid("a study to send")


def receive(folder: str, port: int) -> None:
    """The study of patient SEND-1, and the destination PACS at a port of this machine."""
    site = Site.objects.get(slug="north")
    with site_scope([site.pk]):
        received(site, Path(folder), images(STUDY, PatientID="SEND-1", PatientName="Send^Anna"))
        SendTarget.objects.create(
            site=site, name="PACS", kind="dicom", address=f"dicom://PACSAE@127.0.0.1:{port}"
        )


def analyse() -> None:
    with site_scope([Site.objects.get(slug="north").pk]):
        analysed(Study.objects.get(study_instance_uid=STUDY))


def send() -> None:
    """Send what is due: to this machine itself too, which an installation would not do."""
    settings.SEND_NETWORKS = ["127.0.0.0/8"]
    Sender().work()
