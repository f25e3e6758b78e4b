"""A simulated patient with known flow, from DICOM on disk to result.json on disk."""

import json

import numpy as np
import pytest

from analysis.__main__ import main
from analysis.phantom import simulate_exam, write_dicom
from analysis.phantom.perfusion import Defect

DEFECT = Defect(
    angle_deg=150.0,
    half_width_deg=45.0,
    from_z=-0.1,
    to_z=1.2,
    severity=0.6,
    transmurality=1.3,
)


@pytest.fixture(scope="module")
def exam(tmp_path_factory):
    """Free breathing, 3 T, two slices, a septal defect that shows at stress."""
    folder = tmp_path_factory.mktemp("acceptance")
    truth = simulate_exam(
        21, field_strength=3.0, slices=2, beats=55, tier="easy", defects=(DEFECT,), snr=20
    )
    write_dicom(truth, folder / "dicom")
    code = main(["analyse", str(folder / "dicom"), "--out", str(folder / "out"), "--quiet"])
    assert code == 0
    return truth, folder / "out"


def test_global_flow_is_near_the_truth(exam):
    truth, out = exam
    document = json.loads((out / "result.json").read_text())
    for simulated in truth.acquisitions:
        flow = np.concatenate(
            [s.truth.mbf_ml_per_min_per_g[s.truth.labels == 2] for s in simulated.slices]
        )
        found = next(a for a in document["acquisitions"] if a["key"] == simulated.condition)
        measured, error = found["global_mbf_ml_per_min_per_g"], found["global_standard_error"]
        assert abs(measured - flow.mean()) < 2 * error
        if simulated.condition == "rest":
            assert measured == pytest.approx(flow.mean(), rel=0.12)


def test_the_segments_of_the_defect_are_the_lowest(exam):
    truth, out = exam
    document = json.loads((out / "result.json").read_text())
    stress = next(a for a in document["acquisitions"] if a["key"] == "stress")
    simulated = next(a for a in truth.acquisitions if a.condition == "stress")
    true = {n: mbf for s in simulated.slices for n, mbf in s.truth.segment_mbf.items()}
    mine = {
        s["segment"]: s["mbf_ml_per_min_per_g"] for p in stress["slices"] for s in p["segments"]
    }
    common = sorted(set(true) & {n for n, mbf in mine.items() if mbf is not None})
    assert len(common) == 12
    r = np.corrcoef([true[n] for n in common], [mine[n] for n in common])[0, 1]
    assert r > 0.85


def test_contours_and_insertions_lie_where_they_are(exam):
    truth, out = exam
    document = json.loads((out / "result.json").read_text())
    for simulated in truth.acquisitions:
        found = next(a for a in document["acquisitions"] if a["key"] == simulated.condition)
        for one, piece in zip(simulated.slices, found["slices"], strict=True):
            assert piece["position"] == one.position
            with np.load(out / piece["arrays"]) as arrays:
                labels = arrays["labels"]
            for label, least in ((1, 0.9), (2, 0.8), (3, 0.75)):
                mine, true = labels == label, one.truth.labels == label
                assert 2 * (mine & true).sum() / (mine.sum() + true.sum()) > least
            offset = np.subtract(
                piece["contours"]["rv_insertion_anterior_rc"],
                one.truth.contours.rv_insertion_anterior_rc,
            )
            assert np.hypot(*offset) * 1.875 < 8
            assert not {"orientation-assumed", "insertion-not-found"} & {
                flag["code"] for flag in piece["flags"]
            }


def test_the_corrected_frames_are_the_signal_moved_by_the_displacement(exam):
    from scipy import ndimage

    _, out = exam
    with np.load(out / "stress_mid.npz") as arrays:
        signal, corrected = arrays["signal"], arrays["corrected"]
        displacement = arrays["displacement_px"]
    rows, columns = np.mgrid[: signal.shape[1], : signal.shape[2]]
    inside = np.s_[20:-20, 20:-20]
    for t in range(3, len(signal), 9):
        places = [rows + displacement[t, 0], columns + displacement[t, 1]]
        again = ndimage.map_coordinates(signal[t], places, order=1, mode="nearest")
        difference = np.abs(again - corrected[t])[inside]
        assert np.median(difference) <= 0.02 * np.median(corrected[t][inside]) + 1
