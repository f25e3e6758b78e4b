"""Background jobs of this package."""

from __future__ import annotations

import logging

from procrastinate.contrib.django import app

from qperfweb.core.tasks import CARE_QUEUE

from .retention import retention_carry_out

log = logging.getLogger(__name__)


@app.periodic(cron="17 * * * *", periodic_id="retention")
@app.task(queue=CARE_QUEUE, name="retain_images", queueing_lock="retain_images")
def retain_images(timestamp: int) -> None:
    """Remove images that their sites keep no longer."""
    removed = sum(1 for _ in retention_carry_out())
    if removed:
        log.info("images of %s studies were removed: their sites keep them no longer", removed)
