"""Whatever arrives, motion correction answers or refuses; it never crashes or invents numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.motion import correct_motion
from analysis.quality import FrameStatus


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    count=st.integers(1, 16),
    height=st.integers(8, 40),
    width=st.integers(8, 40),
    spacing=st.tuples(st.floats(0.5, 8), st.floats(0.5, 8)),
    scale=st.sampled_from([0.0, 1e-6, 1.0, 4095.0, 1e12]),
    broken=st.sets(st.integers(0, 15), max_size=4),
    pd=st.integers(0, 4),
    seed=st.integers(0, 1000),
)
def test_finite_frames_stay_finite_and_others_have_a_reason(
    count: int,
    height: int,
    width: int,
    spacing: tuple[float, float],
    scale: float,
    broken: set[int],
    pd: int,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    signal = (scale * rng.random((count, height, width))).astype(np.float32)
    lost = [t for t in broken if t < count]
    signal[lost, 2, 3] = np.nan
    result = correct_motion(
        signal,
        frame_status=np.zeros(count, dtype=np.uint8),
        pixel_spacing_mm=spacing,
        is_pd=np.arange(count) < pd,
    )
    kept = np.setdiff1d(np.arange(count), lost)
    assert result.corrected.shape == signal.shape
    assert result.displacement_px.shape == (count, 2, height, width)
    assert np.isfinite(result.displacement_px).all()
    assert np.isfinite(result.corrected[kept]).all()
    assert (result.frame_status[lost] == FrameStatus.NOT_FINITE).all()
    assert np.array_equal(result.corrected[lost], signal[lost], equal_nan=True)
    assert result.smallest_jacobian.min() > 0
