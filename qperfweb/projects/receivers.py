"""What projects do when readings are signed: packages below announce, this one acts."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from qperfweb.reviews.models import Reading
from qperfweb.reviews.signals import reading_signed

from .adjudication import adjudication_refresh


@receiver(reading_signed)
def look_for_disagreement(reading: Reading, **_: Any) -> None:
    """The last reading of a case decides whether it goes to the adjudicators."""
    if reading.assignment is not None:
        adjudication_refresh(reading.assignment.case)
