"""Against the reference values kept beside the checkout: the same equations, computed elsewhere."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.phantom.kinetics import TissueKinetics, btex_curves
from analysis.phantom.signal import (
    Agent,
    Relaxation,
    Sequence,
    proton_density,
    saturation_recovery,
)

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared/reference/kinetics_and_signal.json"

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    if not REFERENCE.is_file():
        pytest.skip("reference values are not beside the checkout")
    return dict(json.loads(REFERENCE.read_text()))


def test_signal_ratios_equal_the_reference_tables(reference: dict[str, Any]) -> None:
    for name, table in reference["signal_lut"].items():
        p = table["par"]
        sequence = Sequence(
            readout="bssfp" if "bSSFP" in name else "flash",
            flip_deg=p["FA_SR"],
            tr_ms=1000 * p["TR"],
            te_ms=0.0,
            delay_ms=1000 * p["TD"],
            centre_line=p["n_centre"],
            pd_flip_deg=p["FA_PD"],
        )
        tissue = Relaxation(t1_ms=1000 * p["T1_0"], t2_ms=1000 * p.get("T2_0", 0.045))
        agent = Agent(r1=p["r1"], r2=p.get("r2", 5.8))
        ratio = saturation_recovery(table["Gd"], tissue, sequence, agent)
        ratio = ratio / proton_density(tissue, sequence)
        assert np.allclose(ratio, table["lut"], rtol=1e-10), name


def test_tissue_curves_equal_the_reference_sets(reference: dict[str, Any]) -> None:
    grid = np.arange(0.0, 60.0001, 0.05)
    times = np.asarray(reference["t"])
    for one in reference["sets"]:
        aif = np.zeros_like(grid)
        for p in reference["aif_params"][one["kind"]]:
            x = np.maximum(grid - p["t0"], 0.0) / p["tmax"]
            aif += p["A"] * x ** p["alpha"] * np.exp(p["alpha"] * (1.0 - x))
        kinetics = TissueKinetics(
            ps_ml_per_min_per_g=one["PS"],
            vb_ml_per_g=one["Vb"],
            visf_ml_per_g=one["Visf"],
            delay_s=one["delay"],
        )
        curve = np.interp(times, grid, btex_curves(grid, aif, [one["F"]], kinetics)[0])
        expected = np.asarray(one["btex_cont"])
        assert np.abs(curve - expected).max() < 1e-4 * expected.max()
