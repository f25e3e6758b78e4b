import json
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from analysis.quality import PixelQuality
from analysis.sectors import (
    MeasureOptions,
    SliceMaps,
    common_error,
    contours_from_json,
    contours_to_json,
    geometry_from_json,
    geometry_to_json,
    maps_from_arrays,
    measure_global,
    measure_slice,
    measurement_to_json,
)
from tests.sectors.hearts import EIGHT, heart, reoriented


def measure(found, *, position="mid", options=None, **maps):
    maps = {"mbf": found.mbf, **maps}
    return measure_slice(
        found.contours,
        SliceMaps(**maps),
        position=position,
        geometry=found.geometry,
        options=options,
    )


def by_number(measurement):
    return {segment.segment: segment for segment in measurement.segments}


def test_a_segment_is_the_mean_of_its_valid_pixels():
    found = heart()
    mbf = found.mbf.copy()
    mbf[::3] = np.nan
    measured = measure(found, mbf=mbf)
    for segment in measured.segments:
        inside = measured.segment_map == segment.segment
        values = mbf[inside].astype(float)
        assert segment.mbf == pytest.approx(np.nanmean(values), rel=1e-12)
        assert segment.pixels == inside.sum()
        assert segment.valid_pixels == np.isfinite(values).sum()


def test_a_known_flow_by_angle_comes_back_by_segment():
    segments = by_number(measure(heart()))
    for segment, past in {8: 30, 9: 90, 10: 150, 11: 210, 12: 270, 7: 330}.items():
        assert segments[segment].mbf == pytest.approx(1 + past / 180, abs=0.01)


@pytest.mark.parametrize(("transpose", "rows", "columns"), EIGHT)
def test_eight_orientations_of_one_slice_give_the_same_numbers(transpose, rows, columns):
    original = heart()
    found = reoriented(original, transpose=transpose, flip_rows=rows, flip_columns=columns)
    for position in ("basal", "mid", "apical"):
        expected = by_number(measure(original, position=position, mbf_se=original.mbf / 10))
        for number, segment in by_number(
            measure(found, position=position, mbf_se=found.mbf / 10)
        ).items():
            assert segment.mbf == pytest.approx(expected[number].mbf, rel=1e-9)
            assert segment.standard_error == pytest.approx(
                expected[number].standard_error, rel=1e-6
            )
            assert segment.endo == pytest.approx(expected[number].endo, rel=1e-9)
            assert segment.flags == ()


def test_halves_split_the_wall_by_depth():
    found = heart()
    flow = (2.0 - found.depth).astype(np.float32)
    for segment in measure(found, mbf=flow).segments:
        assert segment.endo == pytest.approx(1.75, abs=0.04)
        assert segment.epi == pytest.approx(1.25, abs=0.04)


def test_halves_are_not_measured_in_a_wall_under_three_pixels():
    for segment in measure(heart(endo_mm=29.5, epi_mm=33.0)).segments:
        assert segment.mbf is not None
        assert segment.endo is None
        assert segment.epi is None


def test_a_sector_with_wall_over_less_than_half_its_arc_is_not_measured():
    found = heart()
    endo, epi = np.array(found.contours.endo_rc), np.array(found.contours.epi_rc)
    view_angles = np.linspace(0, 360, len(endo), endpoint=False)
    past = (view_angles - 131.7) % 360
    gap = (past > 20) & (past < 75)
    endo[gap] = epi[gap]
    opened = replace(found.contours, endo_rc=tuple(map(tuple, endo)))
    segments = by_number(measure(replace(found, contours=opened), position="basal"))
    assert segments[2].mbf is None
    assert "outflow tract" in segments[2].not_measured_reason
    assert [flag.code for flag in segments[2].flags] == ["not-measured"]
    assert all(segments[number].mbf is not None for number in (1, 3, 4, 5, 6))


def test_a_sector_without_a_valid_pixel_is_empty_with_its_reason():
    found = heart()
    mbf = np.where(found.past_insertion_deg < 60, np.nan, found.mbf)
    segments = by_number(measure(found, mbf=mbf))
    assert segments[8].mbf is None
    assert segments[8].not_measured_reason == "No pixel in this sector has a valid flow value."
    assert segments[9].mbf is not None


def test_more_than_a_tenth_of_pixels_on_a_bound_is_flagged():
    found = heart()
    quality = np.zeros(found.mbf.shape, dtype=np.uint8)
    mbf = found.mbf.copy()
    on_bound = (found.past_insertion_deg < 60) & (np.arange(112) % 5 == 0)
    quality[on_bound], mbf[on_bound] = PixelQuality.ON_BOUND, np.nan
    segments = by_number(measure(found, mbf=mbf, quality=quality))
    assert [flag.code for flag in segments[8].flags] == ["on-bound"]
    assert segments[9].flags == ()
    regional = MeasureOptions(most_on_bound=0.3)
    assert by_number(measure(found, mbf=mbf, quality=quality, options=regional))[8].flags == ()


def test_one_flag_says_how_few_pixels_have_a_value_and_why():
    found = heart()
    quality = np.zeros(found.mbf.shape, dtype=np.uint8)
    mbf = found.mbf.copy()
    on_bound = (found.past_insertion_deg < 60) & (np.arange(112) % 5 > 0)
    quality[on_bound], mbf[on_bound] = PixelQuality.ON_BOUND, np.nan
    (flag,) = by_number(measure(found, mbf=mbf, quality=quality))[8].flags
    assert flag.code == "few-valid-pixels"
    assert flag.message.endswith("% of the pixels ended on a bound of the fit.")


def test_the_error_adds_fit_contour_and_common_parts_in_squares():
    found = heart()
    se = np.full_like(found.mbf, 0.4)
    segment = by_number(measure(found, mbf_se=se))[9]
    assert segment.fit_error == pytest.approx(0.4 / np.sqrt(segment.valid_pixels / 4), rel=1e-6)
    options = MeasureOptions()
    assert segment.common_error == pytest.approx(
        common_error(
            segment.mbf, at_rest=options.common_error_at_rest, high=options.common_error_fraction
        )
    )
    parts = (segment.fit_error, segment.contour_error, segment.common_error)
    assert segment.standard_error == pytest.approx(np.sqrt(np.square(parts).sum()))


def test_a_sharp_edge_of_flow_at_the_endocardium_makes_the_contour_error_large():
    found = heart()
    flat = measure(found, mbf=np.ones_like(found.mbf))
    edge = measure(found, mbf=np.where(found.depth < 0, 6, 1).astype(np.float32))
    assert all(segment.contour_error < 1e-9 for segment in flat.segments)
    assert all(segment.contour_error > 0.05 for segment in edge.segments)


def test_curves_are_means_over_the_segment_and_unused_frames_stay_empty():
    found = heart()
    gd = np.stack([found.mbf * t for t in range(5)])
    gd[2] = np.nan
    measured = measure(found, gd=gd, gd_fit=gd.astype(np.float16))
    inside = measured.segment_map == 10
    assert measured.curves[10][3] == pytest.approx(gd[3][inside].mean(), rel=1e-6)
    assert np.isnan(measured.curves[10][2])
    document = measurement_to_json(measured)
    assert document["curves"]["segments"][3]["measured"][2] is None
    json.dumps(document, allow_nan=False)


def test_a_single_sequence_gives_median_upslopes_and_no_flow():
    found = heart()
    upslope = found.mbf / 10
    measured = measure(found, mbf=None, relative_upslope=upslope, signal=np.stack([found.mbf] * 3))
    assert measured.curve_unit == "signal"
    for segment in measured.segments:
        inside = measured.segment_map == segment.segment
        assert segment.mbf is None
        assert segment.not_measured_reason is None
        assert segment.upslope == pytest.approx(np.median(upslope[inside]), rel=1e-6)


def test_no_cavity_gives_segments_but_no_halves():
    found = heart()
    closed = replace(found.contours, endo_rc=None)
    for segment in measure(replace(found, contours=closed)).segments:
        assert segment.mbf is not None
        assert segment.endo is None


def test_the_same_contours_from_a_stored_document_give_bit_identical_numbers():
    found = heart()
    gd = np.random.default_rng(1).normal(size=(12, *found.mbf.shape)).astype(np.float32)
    arrays = {
        "mbf": found.mbf,
        "mbf_se": found.mbf / 9,
        "quality": np.zeros(found.mbf.shape, np.uint8),
        "gd_mmol_per_l": gd,
        "gd_fit": gd.astype(np.float16),
        "relative_upslope": np.full_like(found.mbf, np.nan),
        "corrected": gd,
    }
    first = measure_slice(
        found.contours, maps_from_arrays(arrays), position="basal", geometry=found.geometry
    )
    again = measure_slice(
        contours_from_json(json.loads(json.dumps(contours_to_json(found.contours)))),
        maps_from_arrays(arrays),
        position="basal",
        geometry=geometry_from_json(json.loads(json.dumps(geometry_to_json(found.geometry)))),
    )
    assert json.dumps(measurement_to_json(again)) == json.dumps(measurement_to_json(first))


def test_global_flow_weighs_segments_by_their_area():
    found = heart()
    basal, apical = measure(found, position="basal"), measure(found, position="apical")
    pairs = [(s, 1.96) for m in (basal, apical) for s in m.segments]
    total = measure_global(pairs)
    pixels = np.concatenate([found.mbf[m.segment_map > 0] for m in (basal, apical)])
    assert total.mbf == pytest.approx(pixels.mean(), rel=1e-6)
    assert (total.segments, total.expected) == (10, 10)
    assert total.standard_error >= MeasureOptions().common_error_at_rest * total.mbf


@pytest.mark.parametrize(("mbf", "fraction"), [(0.6, 0.1), (1.0, 0.1), (1.4, 0.175), (4.0, 0.25)])
def test_the_common_error_grows_with_flow(mbf, fraction):
    assert common_error(mbf, at_rest=0.1, high=0.25) == pytest.approx(fraction * mbf)


def test_a_doubtful_input_function_widens_every_segment():
    found = heart()
    sure, doubtful = (
        measure(found, options=MeasureOptions(input_error_fraction=fraction))
        for fraction in (0.0, 0.1)
    )
    for one, other in zip(sure.segments, doubtful.segments, strict=True):
        assert other.mbf == one.mbf
        assert other.common_error == pytest.approx(np.hypot(one.common_error, 0.14 * one.mbf))
        assert other.standard_error > one.standard_error


def test_global_of_nothing_is_empty():
    assert measure_global([]).mbf is None


def test_measuring_a_slice_takes_under_twenty_milliseconds():
    found = heart(shape=(192, 144), points=120)
    gd = np.zeros((60, 192, 144), dtype=np.float32)
    arrays = {"mbf": found.mbf, "mbf_se": found.mbf, "gd_mmol_per_l": gd,
              "gd_fit": gd.astype(np.float16)}  # fmt: skip
    taken = []
    for _ in range(7):
        start = time.process_time()
        measure_slice(
            found.contours, maps_from_arrays(arrays), position="mid", geometry=found.geometry
        )
        taken.append(time.process_time() - start)
    assert min(taken) < 0.020


def test_the_sectors_package_needs_numpy_only():
    code = (
        "import sys, analysis.sectors; "
        "print([m for m in ('torch', 'scipy', 'skimage', 'cv2', 'django') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "broken",
    [
        {"epi_rc": None},
        {"epi_rc": [[1, 2], [3, 4]]},
        {"lv_centre_rc": None},
        {"endo_rc": [[1, 2], [3, float("nan")], [5, 6]]},
    ],
)
def test_contours_that_make_no_sense_are_refused(broken):
    document = {**contours_to_json(heart().contours), **broken}
    with pytest.raises(ValueError, match=r"contour|Contours"):
        contours_from_json(document)
