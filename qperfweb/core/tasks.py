"""Background jobs of this package."""

from __future__ import annotations

from procrastinate.contrib.django import app

from qperfweb.core import seal

CARE_QUEUE = "care"
"""Short jobs that keep the installation in order; never behind an analysis."""


@app.periodic(cron="* * * * * */10", periodic_id="seal")
@app.task(queue=CARE_QUEUE, name="seal_trail", queueing_lock="seal_trail")
def seal_trail(timestamp: int) -> None:
    """Chain the events that were committed since the last time."""
    seal.seal_trail()
