from functools import cache

import cv2
import numpy as np
import pytest

from analysis.constants import SEGMENTS_OF_POSITION
from analysis.phantom import SimulatedExam, simulate_exam
from analysis.phantom.motion import PlaneMotion, warp
from analysis.sectors import rasterise_labels, rasterise_segments, slice_wedges


@cache
def small_exam(seed: int = 4) -> SimulatedExam:
    return simulate_exam(seed, beats=24, slices=2, conditions=("rest",), tier="easy")


def test_the_same_seed_gives_the_same_exam() -> None:
    again = simulate_exam(4, beats=24, slices=2, conditions=("rest",), tier="easy")
    first = small_exam()
    assert first.study_instance_uid == again.study_instance_uid
    for a, b in zip(first.acquisitions[0].slices, again.acquisitions[0].slices, strict=True):
        assert np.array_equal(a.signal, b.signal)
        assert np.array_equal(a.truth.labels, b.truth.labels)


def test_another_option_gives_another_study() -> None:
    other = simulate_exam(4, beats=25, slices=1, conditions=("rest",), tier="easy")
    assert other.study_instance_uid != small_exam().study_instance_uid


def test_a_dual_sequence_exam_has_its_parts() -> None:
    acquisition = small_exam().acquisitions[0]
    assert acquisition.aif is not None
    assert acquisition.aif.signal.shape[:2] == (2, 24)
    assert acquisition.aif.is_pd.sum() == 3
    assert acquisition.aif.time_s[3] == pytest.approx(0.0)
    for one in acquisition.slices:
        assert one.signal.dtype == np.uint16 and one.signal.max() <= 4095
        assert (np.diff(one.time_s) > 0.3).all()


def test_labels_and_contours_tell_the_same_story() -> None:
    for one in small_exam().acquisitions[0].slices:
        drawn = rasterise_labels(one.truth.contours, one.truth.labels.shape)
        wall = one.truth.labels == 2
        overlap = 2 * (wall & (drawn == 2)).sum() / (wall.sum() + (drawn == 2).sum())
        assert overlap > 0.96


def test_segments_agree_with_the_sectors_package() -> None:
    """Two derivations of the AHA segments: from the anatomy and from contours and geometry."""
    acquisition = small_exam().acquisitions[0]
    for one in acquisition.slices:
        wedges = slice_wedges(one.truth.contours, one.position, one.geometry)
        found = rasterise_segments(
            one.truth.contours, one.position, one.truth.labels.shape, one.geometry
        )
        assert not wedges.flags
        both = (one.truth.segments > 0) & (found > 0)
        assert (one.truth.segments[both] == found[both]).mean() > 0.98
        assert set(np.unique(found[found > 0])) <= set(SEGMENTS_OF_POSITION[one.position])


def test_true_flow_is_known_for_every_myocardial_pixel() -> None:
    for one in small_exam().acquisitions[0].slices:
        wall = one.truth.labels == 2
        assert np.isfinite(one.truth.mbf_ml_per_min_per_g[wall]).all()
        assert np.isnan(one.truth.mbf_ml_per_min_per_g[~wall]).all()
        for segment, mean in one.truth.segment_mbf.items():
            inside = one.truth.segments == segment
            assert mean == pytest.approx(one.truth.mbf_ml_per_min_per_g[inside].mean(), rel=1e-5)


def test_the_true_displacement_undoes_the_motion() -> None:
    """Smooth image, smooth motion: warping and reading back along the truth is the identity."""
    rows, columns = np.meshgrid(*(np.arange(96, dtype=np.float32),) * 2, indexing="ij")
    image = 100 + 50 * np.sin(rows / 7) * np.cos(columns / 9)
    far = np.hypot(rows - 48, columns - 48)
    motion = PlaneMotion(
        carried=np.exp(-((far / 40) ** 4)).astype(np.float32),
        shift_px=np.array([[4.0, -2.5]], dtype=np.float32),
        squeezed=np.stack([-(rows - 48), -(columns - 48)]) * np.exp(-((far / 25) ** 2)),
        squeeze=np.array([0.06], dtype=np.float32),
    )
    moved = warp(image.astype(np.float32), motion.displacement(0))
    d = motion.displacement(0)
    back = cv2.remap(moved, columns + d[1], rows + d[0], cv2.INTER_CUBIC)
    inside = (slice(12, -12), slice(12, -12))
    assert np.abs(moved - image)[inside].max() > 20
    assert np.abs(back - image)[inside].max() < 0.5


def test_the_anterior_insertion_is_the_more_superior_one() -> None:
    for one in small_exam().acquisitions[0].slices:
        contours, g = one.truth.contours, one.geometry
        assert contours.rv_insertion_anterior_rc and contours.rv_insertion_inferior_rc
        heights = [
            g.position_mm[2]
            + p[1] * g.pixel_spacing_mm[1] * g.row_direction[2]
            + p[0] * g.pixel_spacing_mm[0] * g.column_direction[2]
            for p in (contours.rv_insertion_anterior_rc, contours.rv_insertion_inferior_rc)
        ]
        assert heights[0] > heights[1] + 10.0


def test_slices_run_from_base_to_apex_towards_the_left() -> None:
    first, second = small_exam().acquisitions[0].slices
    step = np.subtract(second.geometry.position_mm, first.geometry.position_mm)
    assert step[0] > 3.0 and step[2] < -3.0


def test_a_second_injection_starts_with_what_the_first_one_left() -> None:
    exam = simulate_exam(6, beats=20, slices=1, conditions=("stress", "rest"), tier="easy")
    stress, rest = exam.acquisitions
    assert stress.residual_mmol_per_l == 0.0
    assert 0.02 < rest.residual_mmol_per_l < 0.8
    assert rest.started_at > stress.started_at


def test_a_single_sequence_exam_has_no_proton_density_and_no_arterial_images() -> None:
    exam = simulate_exam(5, sequence="single", beats=20, slices=1, conditions=("rest",))
    acquisition = exam.acquisitions[0]
    assert acquisition.aif is None
    assert not acquisition.slices[0].is_pd.any()
    assert acquisition.slices[0].time_s[0] == pytest.approx(0.0)


def test_a_closed_cavity_has_no_endocardial_contour_and_no_cavity_label() -> None:
    exam = simulate_exam(
        910_132, beats=20, conditions=("rest",), positions=("mid",), heart_kind="no_cavity"
    )
    truth = exam.acquisitions[0].slices[0].truth
    assert truth.contours.endo_rc is None
    assert not (truth.labels == 1).any() and (truth.labels == 2).any()


def test_an_outflow_tract_leaves_segments_short_of_wall() -> None:
    exam = simulate_exam(
        31, beats=20, conditions=("rest",), positions=("basal",), outflow=True, tier="easy"
    )
    segments = exam.acquisitions[0].slices[0].truth.segments
    sizes = {s: int((segments == s).sum()) for s in range(1, 7)}
    assert min(sizes[1], sizes[2]) < 0.5 * np.median(list(sizes.values()))


def test_a_missing_bolus_leaves_the_wall_dark() -> None:
    exam = simulate_exam(9, beats=30, conditions=("rest",), slices=1, bolus="missing")
    acquisition = exam.acquisitions[0]
    assert acquisition.truth_aif_mmol_per_l.max() == 0.0
    one = acquisition.slices[0]
    curve = one.signal[~one.is_pd][:, one.truth.labels == 2].mean(axis=1)
    assert curve.max() < 1.15 * curve.min()
