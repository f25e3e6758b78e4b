"""The only door between the web application and ``analysis.pipeline``.

Runs inside a disposable child process (child.py): reads the received objects from the store, runs
the pipeline, writes the bundle, and hands back a plain document. It knows no Django and no
database, so a crash or a kill here can leave nothing half-done behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from analysis.config import PipelineConfig
from analysis.dicom import SeriesOverride, classify, from_store, load_exam, read_objects
from analysis.dicom.vendors import rules_from_json
from analysis.pipeline import analyse

from .bundles import write_bundle
from .job import AnalysisJob, AnalysisOutcome

Progress = Callable[[str, float], None]


def preload() -> None:
    """Load torch and the network weights once, so that a forked child starts warm."""
    from analysis.segmentation import preload as preload_network

    preload_network()


def self_test() -> dict[str, Any]:
    """Simulate exams with known flow and analyse them; see analysis.self_test."""
    from analysis.self_test import self_test as run_self_test

    return run_self_test().to_json()


def analyse_to_bundle(job: AnalysisJob, progress: Progress) -> AnalysisOutcome:
    """Analyse one study and store its bundle.

    Raises
    ------
    analysis.errors.AnalysisError
        With one sentence for the reader, when the input cannot be used or a stage cannot finish.
    """
    progress("load", 0.0)
    begun = time.perf_counter()
    stored = {path: from_store(facts) for path, facts in job.facts.items()}
    known = {path: facts for path, facts in stored.items() if facts is not None}
    objects, _ = read_objects(job.objects, known=known)
    overrides = {
        uid: SeriesOverride.from_json(set_by_hand)
        for uid, set_by_hand in job.series_corrections.items()
    }
    rules = rules_from_json(job.import_rules)
    classification = classify([o.facts for o in objects], overrides=overrides, rules=rules)
    exam = load_exam(objects, classification)
    loaded = time.perf_counter()
    result = analyse(exam, config=PipelineConfig(**job.parameters), progress=progress)
    progress("store", 0.99)
    analysed = time.perf_counter()
    bundle_sha256 = write_bundle(job.store, result.arrays)
    stored = time.perf_counter()
    timings_s = {
        "load": round(loaded - begun, 3),
        **result.document["timings_s"],
        "store": round(stored - analysed, 3),
    }
    return AnalysisOutcome(
        document={**result.document, "timings_s": timings_s}, bundle_sha256=bundle_sha256
    )
