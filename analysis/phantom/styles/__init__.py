"""How different scanners write the same exam: one module per style, all with ``objects(exam)``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pydicom.dataset import Dataset

from analysis.phantom.styles import ge, philips, siemens, siemens_enhanced
from analysis.phantom.values import SimulatedExam

Writer = Callable[[SimulatedExam], Iterator[tuple[str, Dataset]]]
"""Yields each object with its path below the patient's DICOM folder."""

STYLES: Final[dict[str, Writer]] = {
    "siemens": siemens.objects,
    "siemens-enhanced": siemens_enhanced.objects,
    "philips": philips.objects,
    "ge": ge.objects,
}
