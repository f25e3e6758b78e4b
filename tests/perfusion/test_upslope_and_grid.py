import numpy as np
import pytest

from analysis.errors import BadInput
from analysis.evaluation.flow_cases import draw_cases
from analysis.perfusion import map_upslope, resample


def test_a_line_stays_a_line_on_the_even_grid() -> None:
    times = np.array([0.0, 0.9, 1.7, 3.5, 4.1, 5.0])
    values, grid = resample((2 * times)[:, None].astype(np.float32), times)
    assert grid[1] - grid[0] == 0.5
    assert np.allclose(values[:, 0], 2 * grid, atol=1e-5)


def test_unused_frames_and_repeated_times_are_left_out_and_ends_held() -> None:
    times = np.array([0.0, 1.0, 1.0, 2.0, 3.0])
    series = np.array([0.0, 1.0, 99.0, np.nan, 3.0], np.float32)
    values, _ = resample(series, times, grid_s=np.array([-1.0, 1.0, 2.0, 9.0]))
    assert values.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_nothing_to_resample_is_refused() -> None:
    with pytest.raises(BadInput):
        resample(np.full(5, np.nan, np.float32), np.arange(5.0))


def test_relative_upslope_of_scaled_blood_is_the_scale() -> None:
    cases = draw_cases("stress", count=1, frames=60, continuous=False)
    scales = np.array([0.05, 0.1, 0.2])
    series = (cases.aif[:, None] * scales)[:, :, None].astype(np.float32) + 0.3
    relative = map_upslope(series, cases.aif + 1.0, time_s=cases.time_s).relative_upslope
    assert relative[:, 0] == pytest.approx(scales, rel=1e-3)


def test_upslope_rises_with_flow() -> None:
    cases = draw_cases("stress", count=60, frames=60, continuous=True)
    series = cases.curves.T[:, :, None].astype(np.float32)
    relative = map_upslope(series, cases.aif, time_s=cases.time_s).relative_upslope[:, 0]
    assert np.corrcoef(relative, cases.truth[:, 0])[0, 1] > 0.8


def test_without_a_bolus_there_is_no_upslope() -> None:
    with pytest.raises(BadInput, match="bolus"):
        map_upslope(np.ones((30, 2, 2), np.float32), np.ones(30), time_s=np.arange(30.0))
