"""Real patients' series: the traps that only real headers set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.dicom import classify, load_exam, read_objects

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="real series are kept beside the checkout"),
]


@pytest.mark.parametrize("patient", ["P01", "P04"])
def test_a_single_sequence_study_is_understood_and_its_pixels_are_exact(patient: str) -> None:
    folder = DATA / "single_sequence"
    objects, refusals = read_objects([folder / f"{patient}.zip"])
    assert refusals == []
    exam = load_exam(objects)
    assert {a.condition for a in exam.acquisitions} == {"stress", "rest"}
    for acquisition in exam.acquisitions:
        assert acquisition.sequence == "single"
        assert [s.position for s in acquisition.slices] == ["basal", "mid"]
        step = {"rest": 0.90, "stress": 0.65}[acquisition.condition]
        for slice_, name in zip(acquisition.slices, ("base", "mid"), strict=True):
            truth = np.load(folder / "arrays" / f"{patient}_{acquisition.condition}_{name}.npz")
            assert (slice_.signal == truth["signal"]).all()
            assert np.diff(slice_.time_s) == pytest.approx(step, abs=1e-4)
            assert not slice_.is_pd.any()
            assert not slice_.frame_status.any()


def test_the_ge_series_is_timed_by_its_trigger_times_and_its_field_is_in_gauss() -> None:
    objects, _ = read_objects([DATA / "ge_first_pass.zip"])
    classification = classify([o.facts for o in objects])
    (plan,) = classification.acquisitions
    assert plan.slices[0].clock == "trigger-time"
    assert plan.heart_rate_bpm == pytest.approx(86, abs=0.5)
    (acquisition,) = load_exam(objects, classification).acquisitions
    assert acquisition.protocol.field_strength_t == 1.5
    assert acquisition.condition == "unknown"
    (slice_,) = acquisition.slices
    assert slice_.signal.shape == (79, 256, 256)
    assert slice_.time_s[-1] == pytest.approx(54.418)
    truth = np.load(DATA / "ge_first_pass_labels.npz")
    blood = slice_.signal[:, truth["lv"]].mean(axis=1)
    assert blood.max() > 3 * np.median(blood[:5])
