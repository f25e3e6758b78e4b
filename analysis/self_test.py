"""Prove an installation: simulate exams with known flow and analyse them end to end.

The exams go through DICOM, like a patient's. Limits are wide enough for one exam's noise and
narrow enough that a broken stage, wrong weights or a wrong library version do not pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from analysis.constants import PIPELINE_VERSION
from analysis.evaluation.exams import AcquisitionErrors, analyse_as_dicom, compare
from analysis.phantom import GENERATOR_VERSION, simulate_exam

SEED: Final = 4242
FIELD_STRENGTHS_T: Final = (1.5, 3.0)

GLOBAL_LIMIT: Final = 0.15
SEGMENT_RMSE_LIMIT: Final = 0.5
PEAK_LIMIT: Final = 0.15
FOOT_LIMIT_S: Final = 1.0
MOST_MISSING: Final = 2


@dataclass(frozen=True, kw_only=True)
class Check:
    """One figure of the self-test with the limit that it must keep."""

    name: str
    value: float | None
    unit: str
    limit: float
    passed: bool


@dataclass(frozen=True, kw_only=True)
class SelfTest:
    """How the self-test of an installation ended."""

    pipeline_version: str
    generator_version: str
    models: dict[str, str]
    seconds: float
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"passed": self.passed}


def self_test(progress: Callable[[str, float], None] | None = None) -> SelfTest:
    """Simulate and analyse one stress and rest exam per field strength; may take a minute."""
    started = time.perf_counter()
    checks: list[Check] = []
    models: dict[str, str] = {}
    for index, tesla in enumerate(FIELD_STRENGTHS_T):
        exam = simulate_exam(SEED + index, field_strength=tesla, breathing="free", tier="easy")
        document = analyse_as_dicom(exam, progress=progress).document
        models = document["models"]
        for errors in compare(exam, document):
            checks += _checks(errors)
    return SelfTest(
        pipeline_version=PIPELINE_VERSION,
        generator_version=str(GENERATOR_VERSION),
        models=models,
        seconds=time.perf_counter() - started,
        checks=tuple(checks),
    )


def _checks(errors: AcquisitionErrors) -> list[Check]:
    true, found = np.array(errors.segments).reshape(-1, 4)[:, :2].T
    rmse = float(np.sqrt(np.mean((found - true) ** 2))) if true.size else None
    peak = None if errors.aif_peak_ratio is None else errors.aif_peak_ratio - 1.0
    where = f"{errors.condition}, {errors.field_strength_t:g} T"
    return [
        _check(f"global flow bias, {where}", errors.global_bias, "1", GLOBAL_LIMIT),
        _check(f"segment RMSE, {where}", rmse, "ml/min/g", SEGMENT_RMSE_LIMIT),
        _check(f"AIF peak error, {where}", peak, "1", PEAK_LIMIT),
        _check(f"AIF foot error, {where}", errors.foot_error_s, "s", FOOT_LIMIT_S),
        _check(f"segments not measured, {where}", float(len(errors.missing)), "", MOST_MISSING),
    ]


def _check(name: str, value: float | None, unit: str, limit: float) -> Check:
    passed = value is not None and abs(value) <= limit
    return Check(name=name, value=value, unit=unit, limit=limit, passed=passed)
