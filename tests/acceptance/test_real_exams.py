"""Real patients' first-pass series through the whole pipeline; drawn labels are the truth."""

from pathlib import Path

import numpy as np
import pytest

from analysis.dicom import classify, load_exam, read_objects
from analysis.pipeline import analyse

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SINGLE = DATA / "single_sequence"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="no real series beside the checkout"),
]


def analysed(path):
    objects, refusals = read_objects([path])
    assert not refusals
    return analyse(load_exam(objects, classify([found.facts for found in objects])))


def dice(mine, true):
    return 2 * (mine & true).sum() / (mine.sum() + true.sum())


def majority(labels, displacement):
    """Labels of several frames, moved to where the correction put them, by majority."""
    rows, columns = np.mgrid[: labels.shape[1], : labels.shape[2]]
    moved = []
    for frame in np.flatnonzero(labels.any(axis=(1, 2))):
        down, right = displacement[frame]
        row = np.clip(np.rint(rows + down), 0, labels.shape[1] - 1).astype(int)
        column = np.clip(np.rint(columns + right), 0, labels.shape[2] - 1).astype(int)
        moved.append(labels[frame][row, column])
    counts = np.stack([(np.array(moved) == label).sum(axis=0) for label in (0, 1, 2)])
    return counts.argmax(axis=0)


def check_relative_only(acquisition):
    assert acquisition["sequence"] == "single"
    assert acquisition["quantity"] == "relative_upslope"
    assert acquisition["global_mbf_ml_per_min_per_g"] is None
    assert "single-sequence" in [flag["code"] for flag in acquisition["flags"]]
    assert 0.05 < acquisition["global_upslope"] < 1.0
    for piece in acquisition["slices"]:
        for segment in piece["segments"]:
            assert segment["mbf_ml_per_min_per_g"] is None
            assert segment["upslope"] is not None


@pytest.mark.parametrize("patient", ["P01", "P04"])
def test_contours_sit_on_the_heart_of_a_real_patient(patient):
    result = analysed(SINGLE / f"{patient}.zip")
    assert {a["condition"] for a in result.document["acquisitions"]} == {"stress", "rest"}
    walls, cavities = [], []
    for acquisition in result.document["acquisitions"]:
        check_relative_only(acquisition)
        for piece in acquisition["slices"]:
            position = {"basal": "base", "mid": "mid"}[piece["position"]]
            drawn = np.load(SINGLE / "arrays" / f"{patient}_{acquisition['key']}_{position}.npz")
            arrays = result.arrays[piece["key"]]
            truth = majority(drawn["labels"], arrays["displacement_px"])
            walls.append(dice(arrays["labels"] == 2, truth == 1))
            cavities.append(dice(arrays["labels"] == 1, truth == 2))
    assert np.mean(walls) > 0.75
    assert min(walls) > 0.65
    assert np.mean(cavities) > 0.80
    assert all(row["mpr"] is None for row in result.document["mpr"])


def test_contours_sit_on_the_heart_of_a_real_ge_exam():
    result = analysed(DATA / "ge_first_pass.zip")
    (acquisition,) = result.document["acquisitions"]
    assert acquisition["condition"] == "unknown"
    assert result.document["mpr"] == []
    check_relative_only(acquisition)
    (piece,) = acquisition["slices"]
    truth = np.load(DATA / "ge_first_pass_labels.npz")
    labels = result.arrays[piece["key"]]["labels"]
    assert dice(labels == 2, truth["myocardium"]) > 0.65
    assert dice(labels == 1, truth["lv"]) > 0.80
    assert dice(labels == 3, truth["rv"]) > 0.70
    times = np.array(piece["time_s"])
    assert 0.5 < np.median(np.diff(times)) < 1.0
