import json
from pathlib import Path

import numpy as np
import pytest

from analysis.domain import ReadoutProtocol
from analysis.gadolinium import (
    Relaxation,
    bssfp_ratio,
    build_lookup,
    correct_t2star,
    flash_ratio,
    relaxation_of,
)

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "kinetics_and_signal.json"


def protocol(**facts: object) -> ReadoutProtocol:
    defaults = {
        "readout": "flash",
        "field_strength_t": 1.5,
        "flip_angle_deg": 14.0,
        "pd_flip_angle_deg": 5.0,
        "echo_spacing_ms": 2.5,
        "saturation_delay_ms": 39.5,
        "centre_line": 19,
        "agent": "gadobutrol",
    }
    return ReadoutProtocol(**(defaults | facts))


@pytest.mark.realdata
@pytest.mark.skipif(not REFERENCE.exists(), reason="needs ../shared")
@pytest.mark.parametrize(
    "name",
    [
        f"{kind}_{field}T"
        for kind in ("AIF_FLASH", "MYO_FLASH", "MYO_bSSFP")
        for field in (1.5, "3.0")
    ],
)
def test_tables_agree_with_the_reference_within_half_a_percent(name: str) -> None:
    case = json.loads(REFERENCE.read_text())["signal_lut"][name]
    facts = case["par"]
    relaxation = Relaxation(
        t1_s=facts["T1_0"], t2_s=facts.get("T2_0", 0.2), r1=facts["r1"], r2=facts.get("r2", 6.0)
    )
    ratio = bssfp_ratio if "bSSFP" in name else flash_ratio
    ours = ratio(
        case["Gd"],
        relaxation=relaxation,
        flip_angle_deg=facts["FA_SR"],
        pd_flip_angle_deg=facts["FA_PD"],
        echo_spacing_s=facts["TR"],
        saturation_delay_s=facts["TD"],
        centre_line=facts["n_centre"],
    )
    assert np.abs(ours / np.array(case["lut"]) - 1).max() <= 0.005


@pytest.mark.realdata
@pytest.mark.skipif(not REFERENCE.exists(), reason="needs ../shared")
def test_default_relaxation_is_that_of_the_reference_tables() -> None:
    case = json.loads(REFERENCE.read_text())["signal_lut"]["MYO_bSSFP_3.0T"]
    table = build_lookup(
        protocol(readout="bssfp", field_strength_t=3.0, flip_angle_deg=50.0, agent="?"),
        "myocardium",
    )
    ours = np.interp(case["Gd"][:20], table.gd_mmol_per_l, table.ratio)
    assert np.abs(ours / np.array(case["lut"][:20]) - 1).max() <= 0.005


@pytest.mark.parametrize("readout", ["flash", "bssfp"])
@pytest.mark.parametrize("field", [1.5, 3.0])
@pytest.mark.parametrize("tissue", ["blood", "myocardium"])
def test_a_table_is_increasing_and_inverts_itself(readout: str, field: float, tissue: str) -> None:
    flip = 50.0 if readout == "bssfp" else 14.0
    table = build_lookup(
        protocol(readout=readout, field_strength_t=field, flip_angle_deg=flip),
        tissue,
    )
    assert (np.diff(table.ratio) > 0).all()
    gd, saturated = table.invert(table.ratio.astype(np.float32))
    assert np.allclose(gd, table.gd_mmol_per_l, atol=0.01)
    assert not saturated[:-1].any()


def test_below_native_signal_the_concentration_goes_on_linearly() -> None:
    table = build_lookup(protocol(), "myocardium")
    step = table.ratio[1] - table.ratio[0]
    gd, _ = table.invert(np.float32([table.ratio[0] - 5 * step]))
    assert gd[0] == pytest.approx(-5 * table.gd_mmol_per_l[1], rel=1e-3)


def test_above_the_table_the_concentration_stops_and_is_reported() -> None:
    table = build_lookup(protocol(), "myocardium")
    gd, saturated = table.invert(np.float32([table.ratio[-1] * 2, np.nan]))
    assert saturated.tolist() == [True, False]
    assert gd[0] == pytest.approx(table.gd_mmol_per_l[-1])
    assert np.isnan(gd[1])


@pytest.mark.parametrize("spacing", [0.0, -2.5, 180.0, float("nan")])
def test_an_impossible_repetition_time_is_replaced_and_named(spacing: float) -> None:
    table = build_lookup(protocol(echo_spacing_ms=spacing), "myocardium")
    assert any("echo_spacing_ms" in flag.message for flag in table.assumptions)
    assert np.isfinite(table.ratio).all()


def test_an_unknown_agent_is_a_named_assumption() -> None:
    assert [f.code for f in relaxation_of("blood", field_strength_t=3.0, agent="").assumptions] == [
        "agent-assumed"
    ]
    assert relaxation_of("blood", field_strength_t=2.89, agent="DOTAREM 0.5").r1 == 3.5


def test_t2star_correction_restores_the_signal_at_echo_time_zero() -> None:
    truth, r2star = np.float32([100.0, 50.0, 80.0]), np.float32([50.0, 200.0, 0.0])
    echo1, echo2 = truth * np.exp(-0.00065 * r2star), truth * np.exp(-0.00165 * r2star)
    assert np.allclose(correct_t2star(echo1, echo2, 0.65, 1.65), truth, rtol=1e-5)


def test_t2star_correction_leaves_a_growing_or_empty_second_echo_alone() -> None:
    echo1, echo2 = np.float32([10.0, 10.0, 0.0]), np.float32([12.0, 0.0, 0.0])
    assert correct_t2star(echo1, echo2, 0.65, 1.65).tolist() == [10.0, 10.0, 0.0]
    with pytest.raises(ValueError, match="Echo times"):
        correct_t2star(echo1, echo2, 1.65, 0.65)
