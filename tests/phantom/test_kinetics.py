import numpy as np
import pytest

from analysis.phantom.kinetics import (
    Bolus,
    TissueKinetics,
    blood_curve,
    btex_curves,
    cumulative,
    extracted_outflow,
)

GRID = np.arange(0.0, 400.0, 0.05)


def test_what_flows_in_is_what_flows_out_or_stays() -> None:
    """Content at late times of a bolus that never recirculates: all of it has left again."""
    bolus = Bolus(recirculation_fraction=0.0, plateau_mmol_per_l=0.0)
    aif = blood_curve(bolus, GRID)
    content = btex_curves(GRID, aif, [2.0], TissueKinetics())[0]
    assert content[-1] == pytest.approx(0.0, abs=1e-4 * content.max())


def test_the_residence_time_is_volume_over_flow() -> None:
    """Zero-th moment theorem: area of tissue curve = area of AIF x distribution volume."""
    bolus = Bolus(recirculation_fraction=0.0, plateau_mmol_per_l=0.0)
    aif = blood_curve(bolus, GRID)
    kinetics = TissueKinetics(vb_ml_per_g=0.08, visf_ml_per_g=0.2)
    for flow in (0.5, 1.0, 3.0):
        tissue = btex_curves(GRID, aif, [flow], kinetics)[0]
        area = cumulative(tissue, 0.05)[-1] / cumulative(aif, 0.05)[-1]
        assert area == pytest.approx(0.28, rel=2e-3)


def test_the_impulse_response_sums_to_one() -> None:
    at_once, later = extracted_outflow(GRID, flow=np.array([1.0 / 60]), ps=1.0 / 60, visf=0.2)
    assert at_once[0] + cumulative(later[0], 0.05)[-1] == pytest.approx(1.0, abs=1e-4)


def test_flow_is_the_first_upslope() -> None:
    """Before anything can leave (t < Vb / F) content is flow x integral of the AIF."""
    aif = blood_curve(Bolus(), GRID)
    kinetics = TissueKinetics(delay_s=0.0)
    tissue = btex_curves(GRID, aif, [0.3], kinetics)[0]
    early = slice(0, int(15.0 / 0.05))
    assert np.allclose(tissue[early], 0.3 / 60 * cumulative(aif, 0.05)[early], atol=1e-9)


def test_the_bolus_has_its_area_and_arrives_right_before_left() -> None:
    bolus = Bolus(recirculation_fraction=0.0, plateau_mmol_per_l=0.0, area_mmol_s_per_l=20.0)
    right = blood_curve(bolus, GRID, past_lungs=0.0)
    left = blood_curve(bolus, GRID, past_lungs=1.0)
    for curve in (right, left):
        assert cumulative(curve, 0.05)[-1] == pytest.approx(20.0, rel=1e-4)
    mean = [float((GRID * c).sum() / c.sum()) for c in (right, left)]
    assert mean[1] - mean[0] == pytest.approx(bolus.transit_s, rel=1e-3)


def test_a_split_bolus_keeps_its_dose() -> None:
    whole = Bolus(recirculation_fraction=0.0, plateau_mmol_per_l=0.0)
    split = Bolus(recirculation_fraction=0.0, plateau_mmol_per_l=0.0, split_fraction=0.4)
    areas = [cumulative(blood_curve(b, GRID), 0.05)[-1] for b in (whole, split)]
    assert areas[0] == pytest.approx(areas[1], rel=1e-6)
