"""Patch-level uncertainty against cheaper estimators: one real slice, and the statistics."""

import numpy as np
import pytest

from analysis.evaluation.patch_level import (
    ESTIMATORS,
    SIZES,
    PatchRow,
    draw,
    summarise_patches,
)


def row(index: int) -> PatchRow:
    reference = 0.05 + 0.02 * index
    doubt = (reference, 0.9 * reference, 0.03)
    return PatchRow(
        name=f"normal {index}",
        doubt=dict(zip(ESTIMATORS, doubt, strict=True)) | {"looks": 0.03 + 0.001 * (index % 3)},
        pixelwise={"chosen patches": 0.9, "looks": 0.1 * (index % 4)},
        dice=0.95 - 0.02 * index,
        votes={f"{size} {vote}": 0.9 for size in SIZES for vote in ("mean", "majority")},
    )


@pytest.fixture
def rows() -> list[PatchRow]:
    return [row(index) for index in range(12)]


def test_the_summary_tells_a_faithful_estimator_from_another(rows) -> None:
    found = summarise_patches(rows)
    assert found["r_of_U"]["chosen patches"] == pytest.approx(1)
    assert abs(found["r_of_U"]["looks"]) < 0.5
    assert found["r_pixelwise_median"]["chosen patches"] == pytest.approx(0.9)
    assert found["spearman_with_dice"]["reference"] == pytest.approx(-1)


def test_slices_are_split_at_the_published_threshold(rows) -> None:
    accepted, refused, count = summarise_patches(rows)["dice_accepted_refused_at_0.2"]["reference"]
    assert count == sum(one.doubt["reference"] > 0.2 for one in rows) == 4
    assert accepted > refused
    assert summarise_patches(rows)["dice_accepted_refused_at_0.2"]["looks"][1:] == [None, 0]


def test_the_plot_is_written(rows, tmp_path) -> None:
    draw(rows, tmp_path / "plot.png")
    assert np.frombuffer((tmp_path / "plot.png").read_bytes()[:4], np.uint8)[0] == 0x89
