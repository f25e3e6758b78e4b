"""What runs do when studies change: packages below announce, this one acts."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from qperfweb.studies.models import Study
from qperfweb.studies.signals import classification_corrected, study_received

from . import services, tasks
from .models import RunPurpose


@receiver(study_received)
def analyse_received(study: Study, settle_now: bool, **_: Any) -> None:
    tasks.study_received(study, settle_now=settle_now)


@receiver(classification_corrected)
def analyse_reclassified(study: Study, user: Any, reason: str, **_: Any) -> None:
    """A study that was never analysed settles by itself; another is analysed anew."""
    if study.runs.exists():
        services.run_request(study, purpose=RunPurpose.RECLASSIFIED, user=user, reason=reason)
