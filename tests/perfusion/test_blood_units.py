import numpy as np
import pytest

from analysis.blood_units import PLASMA_QUANTITIES, plasma_curve, plasma_units
from analysis.perfusion import map_flow


def a_slice():
    time_s = np.arange(40) * 0.75
    aif = 5 * np.clip(time_s - 4, 0, None) ** 2 * np.exp(-(np.clip(time_s - 4, 0, None)) / 1.6) / 5
    tissue = np.convolve(aif, 0.03 * np.exp(-time_s / 12))[:40] * 0.75
    return np.tile(tissue[:, None, None], (1, 2, 2)).astype(np.float32), aif, time_s


def test_a_new_haematocrit_leaves_flow_bit_for_bit_as_it_was():
    gd, aif, time_s = a_slice()
    first, second = (map_flow(gd, aif, time_s=time_s, haematocrit=h) for h in (0.30, 0.55))
    assert np.array_equal(first.mbf_ml_per_min_per_g, second.mbf_ml_per_min_per_g)
    assert np.array_equal(first.vb_ml_per_g, second.vb_ml_per_g)


def test_volumes_and_permeability_scale_with_the_plasma_share():
    for name in PLASMA_QUANTITIES:
        assert plasma_units(name, np.array([1.0]), 0.42)[0] == pytest.approx(0.58)
    assert plasma_units("mbf", np.array([2.5]), 0.42)[0] == 2.5
    assert plasma_curve(np.array([2.9]), 0.42)[0] == pytest.approx(5.0)


@pytest.mark.parametrize("impossible", [-0.1, 0.9, 42, float("nan")])
def test_an_impossible_haematocrit_is_refused(impossible):
    with pytest.raises(ValueError, match="haematocrit"):
        plasma_units("mbf", np.array([1.0]), impossible)
