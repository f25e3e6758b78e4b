"""Background jobs of this package."""

from __future__ import annotations

import logging

from procrastinate.contrib.django import app

from qperfweb.core import seal, sink

log = logging.getLogger(__name__)

CARE_QUEUE = "care"
"""Short jobs that keep the installation in order; never behind an analysis."""


@app.periodic(cron="* * * * * */10", periodic_id="seal")
@app.task(queue=CARE_QUEUE, name="seal_trail", queueing_lock="seal_trail")
def seal_trail(timestamp: int) -> None:
    """Chain the events that were committed since the last time."""
    seal.seal_trail()


@app.periodic(cron="* * * * * */15", periodic_id="ship")
@app.task(queue=CARE_QUEUE, name="ship_trail", queueing_lock="ship_trail")
def ship_trail(timestamp: int) -> None:
    """Send what was sealed to the log server, if there is one; what fails is sent the next time."""
    try:
        sink.ship_trail()
    except OSError as error:
        log.warning("the log server of the trail cannot be reached: %s", error)
