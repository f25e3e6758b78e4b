"""What must be refused is refused: the score, its fit and the report on it."""

import json

import numpy as np
import pytest

from analysis.evaluation.refusals import displaced, simulated_candidates
from analysis.evaluation.refusals_report import (
    Row,
    area_under_curve,
    evaluate_refusals,
    fit,
    judge_rows,
    threshold,
)
from analysis.uncertainty.plausibility import NAMES, Evidence


def rows(rng, count=60):
    """Normal slices with much evidence, refused ones with little of one kind."""
    made = []
    for index in range(count):
        bad = index % 2
        values = np.clip(rng.normal(0.9, 0.05, len(NAMES)), 0, 1)
        if bad:
            values[rng.integers(len(NAMES))] = rng.uniform(0, 0.4)
        found = Evidence(**dict(zip(NAMES, values, strict=True)))
        made.append(
            Row(
                kind="noise" if bad else "normal",
                name=f"n {index}",
                found=found,
                dice=float("nan") if bad else 0.9 + 0.05 * rng.random(),
            )
        )
    return made


def test_the_area_counts_ties_as_half() -> None:
    refuse = np.array([False, False, True, True])
    assert area_under_curve(np.array([0.0, 1.0, 2.0, 3.0]), refuse) == 1
    assert area_under_curve(np.zeros(4), refuse) == 0.5


def test_a_fitted_score_separates_slices_it_was_not_fitted_on() -> None:
    rng = np.random.default_rng(1)
    model = fit(rows(rng))
    above = threshold(rows(rng), model)
    report = judge_rows(rows(rng), model=model, above=above)
    assert report["auc"] > 0.95
    assert report["specificity"] > 0.8 and report["sensitivity"] > 0.8
    assert all(weight < 0 for weight in model.weights)


def test_displaced_frames_keep_their_content_and_lose_their_place() -> None:
    series = np.zeros((20, 32, 32), np.float32)
    series[:, 16, 16] = 1
    moved = displaced(np.random.default_rng(2), series, 2.0)
    assert moved.sum() == series.sum()
    assert len({tuple(np.argwhere(frame)[0]) for frame in moved}) > 10


def test_a_series_with_a_heart_passes_and_one_without_contrast_does_not(tmp_path) -> None:
    report = evaluate_refusals(None, tmp_path, counts={"normal": 4, "no_bolus": 4})
    found = report["simulated, not fitted on"]
    assert found["by_kind"]["no_bolus"]["refused"] == 1
    assert found["auc"] == 1
    written = json.loads((tmp_path / "ood.json").read_text())
    assert len(written["rows"]) == 8


@pytest.mark.parametrize("kind", ["long_axis", "abdomen"])
def test_candidates_are_the_same_every_time(kind) -> None:
    first, second = (next(simulated_candidates({kind: 1})) for _ in range(2))
    assert np.array_equal(first.series, second.series)
    assert first.labels is None
