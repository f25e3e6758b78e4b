"""The queue of results on their way out: filled by itself or by hand, worked off with patience."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import Q
from django.utils import timezone

from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid, UserError
from qperfweb.core.rls import site_scope
from qperfweb.studies.models import Study, StudyState
from qperfweb.studies.storage import object_path

from .configured import known_destinations
from .destinations import Destination, NotDelivered
from .models import Transmission, TransmissionState
from .results import current_result, fhir_of, published

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
MOST_ATTEMPTS = 20
SENDING_TAKES = timedelta(minutes=15)
"""One that is still being sent after this has lost its sender."""
LOOK_BACK = timedelta(days=2)
"""A new destination is not flooded with the past; what is older is sent by hand."""

SENT_BY_ITSELF = {
    "nothing": (),
    "signed": (StudyState.SIGNED,),
    "analysed": (StudyState.READY, StudyState.DRAFT, StudyState.SIGNED),
}
"""States of studies whose result is sent by itself, by QPERF_DICOM_SEND."""


@transaction.atomic
def transmission_request(study: Study, destination: str, user: Any) -> Transmission:
    """Send the result that counts now, again if it was sent before.

    Raises Invalid for an unknown destination, Conflict when there is no result.
    """
    if not any(d.name == destination for d in known_destinations(study.site)):
        raise Invalid("There is no such destination at this site.", field="destination")
    current = current_result(study)
    if current is None:
        raise Conflict("There is no result to send yet.")
    same = {"study": study, "publication": current.publication, "destination": destination}
    row = Transmission.objects.filter(**same, state=TransmissionState.QUEUED).first()
    if row is not None:  # it waits for its next attempt: that is now
        row.next_attempt_at = timezone.now()
        row.save(update_fields=["next_attempt_at"])
    else:
        row = Transmission.objects.create(
            site_id=study.site_id, next_attempt_at=timezone.now(), requested_by=user, **same
        )
    audit.record(user, "results.queued", row, details={"destination": destination})
    return row


class Sender:
    """Works off the queue of all destinations, one transmission after the other.

    destinations: these alone; None: whatever operator and sites have set at that moment.
    """

    def __init__(self, destinations: Sequence[Destination] | None = None) -> None:
        self._destinations = None if destinations is None else list(destinations)

    def run(self, stopped: threading.Event) -> None:
        """Until ``stopped``; a failure of one site or database is logged and tried again."""
        while not stopped.wait(LOOK_EVERY_S):
            try:
                self.work()
            except Exception:
                logger.exception("results could not be sent")
            finally:
                close_old_connections()

    def work(self) -> int:
        """Queue what is new, send what is due; how many transmissions were tried."""
        tried = 0
        for site in Site.objects.all():
            for destination in self._of(site):
                with site_scope([site.pk]):
                    _queue_new(site, destination)
                    due = list(_due(destination).values_list("pk", flat=True))
                for number in due:
                    tried += self._try(site, destination, number)
        return tried

    def _of(self, site: Site) -> list[Destination]:
        if self._destinations is not None:
            return [one for one in self._destinations if one.site == site.slug]
        with site_scope([site.pk]):
            return known_destinations(site)

    def _try(self, site: Site, destination: Destination, number: int) -> bool:
        with site_scope([site.pk]):
            row = _due(destination).select_for_update(skip_locked=True).filter(pk=number).first()
            if row is None:
                return False
            row.state = TransmissionState.SENDING
            row.attempts += 1
            row.next_attempt_at = timezone.now() + SENDING_TAKES
            row.save()
        try:
            # Published in a transaction of its own: whoever receives may ask back at once.
            with site_scope([site.pk]):
                current = current_result(row.study)
                superseded = current is None or current.publication != row.publication
                if current is None or superseded:
                    rows, transaction_bundle = [], None
                elif destination.is_fhir:
                    rows, transaction_bundle = [], fhir_of(current)
                else:
                    rows, transaction_bundle = published(current), None
            pairs = [(one, object_path(one.sha256)) for one in rows]
            count = len(pairs)
            if transaction_bundle is not None:
                destination.deliver_fhir(transaction_bundle)
                count = len(transaction_bundle["entry"])
            elif pairs:
                destination.deliver(pairs, calling=settings.DICOM_AE_TITLE)
        except (NotDelivered, UserError) as error:
            self._end(site, row, error=str(error))
        else:
            words = "A newer result has replaced it; that one is sent instead."
            self._end(site, row, sent=count, remark=words if superseded else "")
        return True

    def _end(
        self, site: Site, row: Transmission, *, sent: int = 0, remark: str = "", error: str = ""
    ) -> None:
        now = timezone.now()
        with site_scope([site.pk]):
            row.objects_sent, row.last_error = sent, (error or remark)[:300]
            if not error:
                row.state = TransmissionState.SENT if not remark else TransmissionState.FAILED
                row.finished_at = now
            elif row.attempts >= MOST_ATTEMPTS:
                row.state, row.finished_at = TransmissionState.FAILED, now
            else:
                row.state = TransmissionState.QUEUED
                wait = FIRST_WAIT * 2 ** min(row.attempts - 1, 12)
                row.next_attempt_at = now + min(wait, LONGEST_WAIT)
            row.save()
            if row.finished_at:
                details = {"destination": row.destination, "objects": sent, "state": row.state}
                audit.record(None, "results.sent" if sent else "results.not-sent", row,
                             details=details)  # fmt: skip
        logger.info("to %s: %s after %d attempts", row.destination, row.state, row.attempts)


def _queue_new(site: Site, destination: Destination) -> None:
    wanted = SENT_BY_ITSELF[destination.send or settings.DICOM_SEND]
    since = timezone.now() - LOOK_BACK
    recent = Q(readings__signed_at__gte=since) | Q(runs__finished_at__gte=since)
    for study in Study.objects.filter(recent, site=site, state__in=wanted).distinct():
        current = current_result(study)
        if current is None:
            continue
        known = Transmission.objects.filter(
            study=study, publication=current.publication, destination=destination.name
        )
        if not known.exists():
            Transmission.objects.bulk_create(
                [
                    Transmission(
                        site_id=site.pk,
                        study=study,
                        publication=current.publication,
                        destination=destination.name,
                        next_attempt_at=timezone.now(),
                    )
                ],
                ignore_conflicts=True,  # another sender was faster
            )


def _due(destination: Destination) -> Any:
    open_states = (TransmissionState.QUEUED, TransmissionState.SENDING)
    rows = Transmission.objects.filter(
        destination=destination.name, state__in=open_states, next_attempt_at__lte=timezone.now()
    )
    return rows.order_by("next_attempt_at", "pk")
