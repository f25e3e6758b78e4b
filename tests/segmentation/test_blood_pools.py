"""The ventricles on coarse images, by the shipped network."""

import numpy as np
import pytest

from analysis.evaluation.blood_pools import SETS, evaluate_pools, simulated_pools
from analysis.segmentation import find_blood_pools


@pytest.fixture(scope="module")
def case():
    return max(simulated_pools("basal", 4), key=lambda one: one.width_px)


def overlap(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def test_both_ventricles_are_found_and_not_exchanged(case) -> None:
    seen = find_blood_pools(case.series, case.time_s, case.pixel_spacing_mm)
    assert overlap(seen.lv, case.lv) > 0.7
    assert not (seen.lv & seen.rv).any()
    assert (seen.lv & case.rv).sum() <= 2
    assert seen.model == "aif" and seen.model_version


def test_the_gain_of_the_scanner_does_not_matter(case) -> None:
    plain, loud = (
        find_blood_pools(gain * case.series, case.time_s, case.pixel_spacing_mm).lv
        for gain in (1.0, 37.0)
    )
    assert (plain != loud).sum() <= 1


def test_an_image_of_nothing_has_no_ventricle() -> None:
    seen = find_blood_pools(np.zeros((20, 40, 40)), 0.8 * np.arange(20), (6.0, 6.0))
    assert not seen.lv.any() and not seen.rv.any()


def test_the_report_compares_detectors_on_every_set_and_features_of_whole_exams(tmp_path) -> None:
    report = evaluate_pools(None, tmp_path, count=2)
    assert set(report) == {*SETS, "exams"}
    assert set(report["basal"]) == {"network", "dynamics", "both"}
    assert report["basal"]["both"]["measurable"]["series"] <= 2
    assert (tmp_path / "aif.json").exists()


def test_narrow_cavities_are_narrower_and_basal_ones_wider_than_elsewhere() -> None:
    basal, narrow = (
        np.mean([case.lv.sum() for case in simulated_pools(name, 4)])
        for name in ("basal", "basal, narrow cavities")
    )
    assert narrow < basal
