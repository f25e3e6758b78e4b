"""Seconds from the DICOM objects of a whole exam to its result, on one thread."""

from __future__ import annotations

import time

from analysis.benchmarks.exam import exam_on_disk
from analysis.dicom import classify, load_exam, read_objects
from analysis.pipeline import analyse
from analysis.segmentation import preload


def run() -> dict[str, object]:
    """The benchmark row; weights are loaded before, as a worker has them loaded."""
    with exam_on_disk() as folder:
        preload()
        begin = time.perf_counter()
        objects, _ = read_objects([folder])
        exam = load_exam(objects, classify([found.facts for found in objects]))
        result = analyse(exam)
        taken = time.perf_counter() - begin
    return {
        "name": "exam_ready_s",
        "value": round(taken, 1),
        "unit": "s",
        "reference": None,
        "reference_value": None,
        "ratio": None,
        "stages_s": result.document["timings_s"],
    }
