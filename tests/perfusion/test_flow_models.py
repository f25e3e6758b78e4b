"""Forward curves: against closed limits, and against the reference beside the checkout."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate

from analysis.perfusion import MODELS, batch, btex, fermi, one_compartment, two_compartment
from analysis.perfusion.input_function import input_function

SHARED = Path(__file__).parents[3] / "shared" / "reference"
CURVES = SHARED / "kinetics_and_signal.json"
needs_shared = pytest.mark.skipif(not CURVES.exists(), reason="needs ../shared")

RESIDUES = [
    (btex, {"mbf": 1.7, "vb": 0.09, "ps": 1.1, "visf": 0.23}),
    (two_compartment, {"mbf": 1.7, "vb": 0.09, "ps": 1.1, "visf": 0.23}),
    (one_compartment, {"mbf": 1.7, "visf": 0.23}),
    (fermi, {"mbf": 1.7, "tau0": 3.0, "k": 0.4}),
]


def coordinates(model, values, delay=0.0):
    logs = [np.log(values[parameter.name]) for parameter in model.PARAMETERS]
    return np.array([[*logs, delay]], np.float32)


def curve(model, values, aif, time_s, *, delay=0.0, interpolation="linear"):
    blood = input_function(np.asarray(aif, float), time_s, time_s, interpolation=interpolation)
    return batch.tissue_curves(model, blood, coordinates(model, values, delay))[0]


@pytest.mark.parametrize(("model", "values"), RESIDUES, ids=lambda part: getattr(part, "NAME", ""))
def test_the_response_is_the_second_integral_of_the_residue(model, values) -> None:
    time_s = np.linspace(0, 60, 6001)
    first = integrate.cumulative_simpson(model.residue(time_s, **values), x=time_s, initial=0)
    second = integrate.cumulative_simpson(first, x=time_s, initial=0) * values["mbf"] / 60
    columns = np.array([[values[p.name]] for p in model.PARAMETERS], np.float32)
    response, by_time, _ = model.response(time_s[None].astype(np.float32), columns)
    assert np.abs(response[0] - second).max() < 2e-4 * second.max()
    assert np.abs(by_time[0] - first * values["mbf"] / 60).max() < 1e-3 * first.max()


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_derivatives_match_finite_differences(model) -> None:
    rng = np.random.default_rng(1)
    values = np.array(
        [rng.uniform(1.3 * p.lower, p.upper / 1.3, 20) for p in model.PARAMETERS], np.float32
    )
    time_s = np.tile(np.linspace(-2, 40, 85, dtype=np.float32), (20, 1))
    _, _, derivatives = model.response(time_s, values)
    for row, _ in enumerate(model.PARAMETERS):
        steps = []
        for sign in (1, -1):
            moved = values.copy()
            moved[row] *= np.exp(sign * 0.01)
            steps.append(model.response(time_s, moved)[0].astype(float))
        numeric = (steps[0] - steps[1]) / 0.02
        scale = np.abs(numeric).max(axis=1) + 1e-3
        assert np.median(np.abs(numeric - derivatives[row]).max(axis=1) / scale) < 2e-3


@pytest.mark.parametrize("model", [btex, two_compartment])
def test_the_residue_integrates_to_volume_over_flow(model) -> None:
    values = {"mbf": 2.0, "vb": 0.1, "ps": 1.5, "visf": 0.2}
    time_s = np.linspace(0, 600, 60001)
    area = integrate.simpson(model.residue(time_s, **values), x=time_s)
    assert area == pytest.approx(60 * (0.1 + 0.2) / 2.0, rel=2e-3)


def test_btex_without_exchange_is_a_box_of_the_transit_time() -> None:
    time_s = np.linspace(0, 20, 2001)
    residue = btex.residue(time_s, mbf=2.0, vb=0.1, ps=1e-6, visf=0.2)
    assert np.allclose(residue, time_s < 3.0, atol=1e-5)


def test_btex_with_unlimited_exchange_is_a_box_of_both_volumes() -> None:
    time_s = np.linspace(0, 20, 2001)
    residue = btex.residue(time_s, mbf=2.0, vb=0.1, ps=2000.0, visf=0.2)
    away = np.abs(time_s - 9.0) > 1.5
    assert np.allclose(residue[away], (time_s < 9.0)[away], atol=0.01)


def test_just_after_the_transit_time_the_extracted_fraction_stays() -> None:
    residue = btex.residue(np.array([2.99, 3.01]), mbf=2.0, vb=0.1, ps=1.0, visf=0.2)
    assert residue == pytest.approx([1.0, 1 - np.exp(-0.5)], abs=2e-3)


def test_a_delay_shifts_the_curve() -> None:
    time_s = 0.5 * np.arange(80)
    aif = np.exp(-((time_s - 10) ** 2) / 8)
    values = RESIDUES[0][1]
    now = curve(btex, values, aif, time_s)
    later = curve(btex, values, aif, time_s, delay=2.0)
    assert np.abs(later[4:] - now[:-4]).max() < 1e-5


@pytest.mark.realdata
@needs_shared
@pytest.mark.parametrize("index", range(12))
def test_btex_and_2cxm_curves_agree_with_the_reference_within_a_percent_of_peak(index) -> None:
    reference = json.loads(CURVES.read_text())
    case = reference["sets"][index]
    time_s, aif = np.array(reference["t"]), np.array(reference["aif"][case["kind"]])
    values = {"mbf": case["F"], "vb": case["Vb"], "ps": case["PS"], "visf": case["Visf"]}
    delay = case["delay"]
    for model, interpolation, name, limit in (
        (btex, "linear", "btex_pl", 1e-3),
        (btex, "cubic", "btex_cont", 1e-2),
        (two_compartment, "cubic", "cxm2_cont", 1e-2),
    ):
        expected = np.array(case[name])
        ours = curve(model, values, aif, time_s, delay=delay, interpolation=interpolation)
        assert np.abs(ours - expected).max() <= limit * expected.max(), name


@pytest.mark.realdata
@needs_shared
@pytest.mark.parametrize("index", range(3))
def test_fermi_curves_agree_with_the_reference_within_a_percent_of_peak(index) -> None:
    reference = json.loads(CURVES.read_text())
    case = reference["fermi"][index]
    time_s, aif = np.array(reference["t"]), np.array(reference["aif"][case["kind"]])
    values = {"mbf": case["F"], "tau0": case["tau0"], "k": case["k"]}
    expected = np.array(case["Q"])
    ours = curve(fermi, values, aif, time_s, interpolation="cubic")
    assert np.abs(ours - expected).max() <= 0.01 * expected.max()


@pytest.mark.realdata
@needs_shared
@pytest.mark.parametrize("delay_s", [0, 5])
def test_2cxm_curves_agree_with_the_osipi_cases_within_their_noise(delay_s) -> None:
    with (SHARED / "osipi" / f"2cxm_sd_0.001_delay_{delay_s}.csv").open() as file:
        cases = list(csv.DictReader(file))
    assert len(cases) == 24
    for case in cases:
        time_s, expected, plasma = (
            np.array(case[name].split(), float) for name in ("t", "C_t", "cp_aif")
        )
        values = {
            "mbf": float(case["fp"]) / 100,
            "vb": float(case["vp"]),
            "ps": float(case["ps"]),
            "visf": float(case["ve"]),
        }
        ours = curve(two_compartment, values, plasma, time_s, delay=float(case["arterial_delay"]))
        assert np.sqrt(np.mean((ours - expected) ** 2)) <= 0.01 * expected.max(), case["label"]
        assert abs(np.mean(ours - expected)) <= 0.002 * expected.max(), case["label"]
