"""From DICOM files to the values that the analysis works on.

    files, folders, zips --reading--> objects, refusals
    header --header--> HeaderFacts              (no pixels; JSON-able)
    HeaderFacts of a study --classification--> StudyClassification
    objects + classification --loading--> analysis.domain.Exam

Needs numpy and pydicom only. Vendor differences live in ``vendors``; words in ``words``.
"""

from analysis.dicom.classification import classify
from analysis.dicom.facts import FrameFacts, HeaderFacts
from analysis.dicom.header import header_facts
from analysis.dicom.loading import load_exam
from analysis.dicom.plan import (
    AcquisitionPlan,
    SeriesClassification,
    SeriesOverride,
    StudyClassification,
)
from analysis.dicom.reading import ReadObject, read_objects
from analysis.dicom.refusals import Refusal
from analysis.dicom.stored import from_store, to_store

__all__ = [
    "AcquisitionPlan",
    "FrameFacts",
    "HeaderFacts",
    "ReadObject",
    "Refusal",
    "SeriesClassification",
    "SeriesOverride",
    "StudyClassification",
    "classify",
    "from_store",
    "header_facts",
    "load_exam",
    "read_objects",
    "to_store",
]
