"""How different scanners write the same exam: one module per style, all with ``objects(exam)``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pydicom.dataset import Dataset

from analysis.phantom.styles import (
    ge,
    philips,
    philips_enhanced,
    siemens,
    siemens_enhanced,
    siemens_gadgetron,
)
from analysis.phantom.values import SimulatedExam

Writer = Callable[[SimulatedExam], Iterator[tuple[str, Dataset]]]
"""Yields each object with its path below the patient's DICOM folder."""

STYLES: Final[dict[str, Writer]] = {
    "siemens": siemens.objects,
    "siemens-enhanced": siemens_enhanced.objects,
    "siemens-gadgetron": siemens_gadgetron.objects,
    "siemens-gadgetron-maps": siemens_gadgetron.map_objects,
    "philips": philips.objects,
    "philips-enhanced": philips_enhanced.objects,
    "ge": ge.objects,
}
