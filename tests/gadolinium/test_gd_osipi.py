import csv
from pathlib import Path

import numpy as np
import pytest

from analysis.gadolinium import flash_signal

CASES = Path(__file__).parents[3] / "shared" / "reference" / "osipi" / "SI2Conc_data.csv"


@pytest.mark.realdata
@pytest.mark.skipif(not CASES.exists(), reason="needs ../shared")
def test_spoiled_gradient_echo_signals_give_the_osipi_concentrations() -> None:
    with CASES.open(encoding="utf-8-sig") as file:
        cases = list(csv.DictReader(file))
    assert len(cases) == 5
    for case in cases:
        signal, expected = (np.array(case[name].split(), float) for name in ("s", "conc"))
        t1_s, r1 = float(case["T1base"]), float(case["r1"])
        gd = np.linspace(-0.95 / t1_s / r1, 40, 400_001)
        steady = flash_signal(
            1 / t1_s + r1 * gd,
            flip_angle_deg=float(case["FA"]),
            echo_spacing_s=float(case["TR"]),
            centre_line=100_000,
            magnetisation=0.0,
        )
        native = np.interp(0.0, gd, steady)
        baseline = signal[1 : int(case["numbaselinepts"])].mean()
        ours = np.interp(signal / baseline * native, steady, gd)
        assert np.abs(ours - expected).max() <= 0.01 * np.abs(expected).max(), case["label"]
