"""Maps from curves with known flow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analysis.errors import BadInput
from analysis.evaluation.flow_cases import draw_cases
from analysis.perfusion import MODELS, batch, map_flow, model_named
from analysis.perfusion.input_function import input_function
from analysis.quality import PixelQuality

TIME_S = 0.5 * np.arange(60)
AIF = draw_cases("stress", count=1, frames=60, continuous=False).aif


def as_series(curves):
    return np.ascontiguousarray(curves.T[:, :, None], dtype=np.float32)


def errors_percent(cases, **options):
    flow = map_flow(as_series(cases.curves), cases.aif, dt_s=0.5, **options)
    assert (flow.quality == PixelQuality.OK).mean() > 0.97
    return 100 * np.abs(flow.mbf_ml_per_min_per_g[:, 0] / cases.truth[:, 0] - 1)


@pytest.mark.parametrize("condition", ["stress", "rest"])
@pytest.mark.parametrize("frames", [60, 121])
def test_flow_is_recovered_from_curves_of_the_sampled_input_function(condition, frames) -> None:
    errors = errors_percent(draw_cases(condition, count=300, frames=frames, continuous=False))
    assert np.nanmedian(errors) <= 0.1
    assert np.nanpercentile(errors, 95) <= 1.0


@pytest.mark.parametrize("condition", ["stress", "rest"])
def test_flow_is_recovered_from_curves_of_a_continuous_input_function(condition) -> None:
    errors = errors_percent(draw_cases(condition, count=300, frames=60, continuous=True))
    assert np.nanmedian(errors) <= 1.0
    assert np.nanpercentile(errors, 95) <= 5.0


@pytest.mark.parametrize("condition", ["stress", "rest"])
def test_intervals_of_noisy_fits_cover_the_truth_as_often_as_they_say(condition) -> None:
    cases = draw_cases(condition, count=1500, frames=60, continuous=False, noise_mmol_per_l=0.025)
    flow = map_flow(as_series(cases.curves), cases.aif, dt_s=0.5, interpolation="linear")
    ok = flow.quality[:, 0] == PixelQuality.OK
    error = flow.mbf_ml_per_min_per_g[ok, 0] - cases.truth[ok, 0]
    uncertain = flow.quality[:, 0] == PixelQuality.UNCERTAIN
    assert ok.mean() > 0.8
    assert (ok | uncertain).mean() > 0.9
    assert 0.60 <= np.mean(np.abs(error) < flow.mbf_se[ok, 0]) <= 0.76
    assert np.sqrt(np.mean(error**2)) < 1.0


@pytest.mark.parametrize("name", MODELS)
def test_every_model_recovers_its_own_curves(name) -> None:
    model = model_named(name)
    values = {"mbf": 1.8, "vb": 0.09, "ps": 1.4, "visf": 0.25, "tau0": 3.0, "k": 0.4}
    logs = [np.log(values[parameter.name]) for parameter in model.PARAMETERS]
    blood = input_function(AIF, TIME_S, TIME_S, interpolation="linear")
    coordinates = np.array([[*logs, delay] for delay in (0.0, 0.7, 1.6)], np.float32)
    curves = batch.tissue_curves(model, blood, coordinates)
    flow = map_flow(as_series(curves), AIF, dt_s=0.5, model=name)
    assert (flow.quality == 0).all()
    assert flow.mbf_ml_per_min_per_g[:, 0] == pytest.approx(1.8, rel=0.02)
    assert flow.delay_s[:, 0] == pytest.approx([0.0, 0.7, 1.6], abs=0.05)


def test_flow_does_not_depend_on_the_haematocrit_but_inversely_on_density() -> None:
    series = as_series(draw_cases("stress", count=20, frames=60, continuous=False).curves)
    plain = map_flow(series, AIF, dt_s=0.5)
    other = map_flow(series, AIF, dt_s=0.5, haematocrit=0.3)
    dense = map_flow(series, AIF, dt_s=0.5, density=1.05)
    np.testing.assert_array_equal(plain.mbf_ml_per_min_per_g, other.mbf_ml_per_min_per_g)
    ratio = plain.mbf_ml_per_min_per_g / dense.mbf_ml_per_min_per_g
    assert np.nanmedian(ratio) == pytest.approx(1.05, rel=1e-3)
    assert dense.tissue_density_g_per_ml == 1.05


def test_missed_beats_and_repeated_times_do_not_shift_flow() -> None:
    cases = draw_cases("stress", count=40, frames=100, continuous=True)
    rng = np.random.default_rng(2)
    kept = np.sort(np.concatenate([np.delete(np.arange(100), rng.choice(100, 20, False)), [50]]))
    series = as_series(cases.curves)[kept]
    series[30] = np.nan
    times = cases.time_s[kept]
    flow = map_flow(series, cases.aif, time_s=times, aif_time_s=cases.time_s, interpolation="cubic")
    error = flow.mbf_ml_per_min_per_g[:, 0] / cases.truth[:, 0] - 1
    assert np.nanmedian(np.abs(error)) < 0.02


def test_fitted_curves_follow_the_tissue() -> None:
    cases = draw_cases("stress", count=30, frames=60, continuous=False)
    flow = map_flow(as_series(cases.curves), cases.aif, dt_s=0.5)
    assert flow.fitted_mmol_per_l is not None
    assert np.abs(flow.fitted_mmol_per_l[:, :, 0].T - cases.curves).max() < 1e-3


def test_each_bad_pixel_has_its_reason() -> None:
    good = draw_cases("stress", count=1, frames=60, continuous=False).curves[0]
    rng = np.random.default_rng(3)
    curves = np.stack(
        [
            good,
            np.where(np.arange(60) == 20, np.nan, good),
            np.zeros(60),
            np.full(60, 0.7),
            rng.normal(0, 0.02, 60),
            -good,
            AIF * 3,
            good,
        ]
    )
    mask = np.ones((8, 1), bool)
    mask[7] = False
    flow = map_flow(as_series(curves), AIF, dt_s=0.5, mask=mask)
    expected = [
        {PixelQuality.OK},
        {PixelQuality.NOT_FINITE},
        {PixelQuality.NO_ENHANCEMENT},
        {PixelQuality.POOR_FIT, PixelQuality.ON_BOUND, PixelQuality.NO_ENHANCEMENT},
        {PixelQuality.NO_ENHANCEMENT, PixelQuality.POOR_FIT, PixelQuality.ON_BOUND},
        {PixelQuality.NO_ENHANCEMENT},
        {PixelQuality.ON_BOUND},
        {PixelQuality.OUTSIDE_MASK},
    ]
    for code, allowed in zip(flow.quality[:, 0], expected, strict=True):
        assert code in allowed
    assert np.isfinite(flow.mbf_ml_per_min_per_g).ravel().tolist() == [True] + [False] * 7


def test_fewer_than_twelve_frames_are_refused_pixel_by_pixel() -> None:
    flow = map_flow(np.ones((8, 2, 2), np.float32), AIF, time_s=TIME_S[:8], aif_time_s=TIME_S)
    assert (flow.quality == PixelQuality.TOO_FEW_FRAMES).all()


@pytest.mark.parametrize(
    "options",
    [
        {"dt_s": 0.0},
        {"dt_s": -1.0},
        {"dt_s": float("nan")},
        {"dt_s": None},
        {"dt_s": 0.5, "model": "patlack"},
        {"dt_s": 0.5, "haematocrit": 42.0},
        {"dt_s": 0.5, "density": 0.0},
        {"dt_s": 0.5, "mask": np.ones((3, 3), bool)},
        {"time_s": TIME_S[:5]},
    ],
)
def test_impossible_arguments_are_refused_in_words(options) -> None:
    with pytest.raises(BadInput):
        map_flow(np.ones((60, 2, 2), np.float32), AIF, **options)


@settings(max_examples=25, deadline=None)
@given(
    series=hnp.arrays(
        np.float32,
        st.tuples(st.integers(10, 20), st.just(2), st.just(2)),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
    ),
    name=st.sampled_from(sorted(MODELS)),
)
# Numbers near the limits of float32 come in on purpose.
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_whatever_comes_in_a_number_comes_out_or_a_reason(series, name) -> None:
    aif = np.interp(np.linspace(0, 1, len(series)), [0, 0.2, 0.4, 0.6, 1], [0, 0, 4, 1, 0.5])
    flow = map_flow(series, aif, dt_s=0.7, model=name)
    ok = flow.quality == PixelQuality.OK
    np.testing.assert_array_equal(np.isfinite(flow.mbf_ml_per_min_per_g), ok)
    assert np.isfinite(flow.mbf_se[ok]).all()


@pytest.mark.parametrize("aif", [np.zeros(60), np.full(60, 2.0), -AIF])
def test_an_input_function_without_a_bolus_gives_reasons_not_numbers_or_errors(aif) -> None:
    series = as_series(draw_cases("stress", count=4, frames=60, continuous=False).curves)
    flow = map_flow(series, aif, dt_s=0.5)
    ok = flow.quality == PixelQuality.OK
    np.testing.assert_array_equal(np.isfinite(flow.mbf_ml_per_min_per_g), ok)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_series_without_one_usable_frame_gives_a_reason_for_every_pixel(name) -> None:
    flow = map_flow(np.full((20, 2, 2), np.nan, np.float32), AIF[:20], dt_s=0.7, model=name)
    assert (flow.quality == PixelQuality.TOO_FEW_FRAMES).all()
