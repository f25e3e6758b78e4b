import numpy as np
import pytest

from analysis.domain import ReadoutProtocol
from analysis.gadolinium.lookup import build_lookup
from analysis.phantom.signal import (
    Agent,
    Relaxation,
    Sequence,
    flash_signal,
    proton_density,
    saturation_recovery,
)

BSSFP = Sequence(
    readout="bssfp", flip_deg=50.0, tr_ms=2.5, te_ms=0.0, delay_ms=39.5, centre_line=19
)
FLASH = Sequence(
    readout="flash", flip_deg=14.0, tr_ms=2.5, te_ms=0.0, delay_ms=39.5, centre_line=19
)
MUSCLE = Relaxation(t1_ms=1100.0, t2_ms=45.0)


@pytest.mark.parametrize("sequence", [BSSFP, FLASH])
def test_two_independent_signal_models_agree(sequence: Sequence) -> None:
    """The phantom's Bloch simulation against the pipeline's look-up table."""
    table = build_lookup(
        ReadoutProtocol(
            readout=sequence.readout,
            field_strength_t=1.5,
            flip_angle_deg=sequence.flip_deg,
            pd_flip_angle_deg=sequence.pd_flip_deg,
            echo_spacing_ms=sequence.tr_ms,
            saturation_delay_ms=sequence.delay_ms,
            centre_line=sequence.centre_line,
        ),
        "myocardium",
    )
    gd = np.array([0.0, 0.1, 0.5, 1.0, 2.0, 4.0])
    ratio = saturation_recovery(gd, MUSCLE, sequence, Agent()) / proton_density(MUSCLE, sequence)
    back, _ = table.invert(ratio.astype(np.float32))
    assert np.allclose(back, gd, atol=2e-3)


def test_the_published_bssfp_ratio_is_met() -> None:
    ratio = saturation_recovery(0.0, MUSCLE, BSSFP, Agent()) / proton_density(MUSCLE, BSSFP)
    assert ratio == pytest.approx(0.3491108513, rel=1e-9)


def test_a_flash_train_from_the_steady_state_stays_there() -> None:
    r1 = np.array(1 / 800.0)
    e1 = np.exp(-3.0 * r1)
    steady = (1 - e1) / (1 - e1 * np.cos(np.deg2rad(12.0)))
    signals = [flash_signal(r1, steady, flip_deg=12.0, tr_ms=3.0, line=n) for n in (1, 20, 200)]
    assert np.allclose(signals, np.sin(np.deg2rad(12.0)) * steady)


def test_blood_signal_saturates_and_then_falls_with_t2_star() -> None:
    blood = Relaxation(t1_ms=1700.0, t2_ms=220.0)
    sequence = Sequence(
        readout="flash", flip_deg=15.0, tr_ms=2.5, te_ms=1.3, delay_ms=100.0, centre_line=20
    )
    gd = np.array([0.0, 2.0, 4.0, 8.0, 16.0])
    signal = saturation_recovery(gd, blood, sequence, Agent(r2_star=30.0), blood=True)
    gain = np.diff(signal)
    assert gain[0] > 0 and gain[1] < 0.4 * gain[0]
    assert signal[-1] < signal[-2]
