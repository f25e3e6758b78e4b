"""Growth over studies and workers is drawn from the benchmarks' own rows."""

from __future__ import annotations

import pytest

from analysis.benchmarks.growth import Curve, curves_of, plot


def lists(name: str, studies: int, *milliseconds: float) -> dict[str, object]:
    questions = [{"processor_ms": value} for value in milliseconds]
    return {"name": name, "studies": studies, "questions": questions}


def test_rows_become_curves_and_a_picture(tmp_path):
    found = curves_of(
        [
            lists("worklist_p95_ms", 100, 10, 30),
            lists("worklist_p95_ms", 400, 20, 20),
            lists("agreement_p95_ms", 100, 100, 5),
            lists("agreement_p95_ms", 400, 400, 5),
            {"name": "exam_ready_1_worker_s", "exams": 1, "value": 9.0},
            {"name": "exam_ready_2_workers_s", "exams": 2, "value": 12.0},
        ]
    )
    assert [(curve.of, curve.amounts, curve.seconds) for curve in found] == [
        ("studies", [100, 400], [0.02, 0.02]),
        ("studies", [100, 400], [0.1, 0.4]),
        ("workers", [1, 2], [9.0, 6.0]),
    ]
    assert found[0].power == pytest.approx(0, abs=1e-9)
    assert found[1].power == pytest.approx(1)
    more = [Curve(what="more", of="pixels", amounts=[1, 2], seconds=[1.0, 2.0])] * 2
    plot([*found, *more], tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes()[:4] == b"\x89PNG"
