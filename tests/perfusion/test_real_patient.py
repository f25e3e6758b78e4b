from pathlib import Path

import pytest

from analysis.evaluation.flow_patient import compare_with_patient

PATIENT = Path(__file__).parents[3] / "shared" / "data" / "dual_sequence" / "stress_gd.npz"


@pytest.mark.realdata
@pytest.mark.skipif(not PATIENT.exists(), reason="needs ../shared")
@pytest.mark.parametrize("erosion", [1, 2])
def test_the_map_of_a_real_patient_agrees_with_that_of_the_authors(erosion) -> None:
    agreement = compare_with_patient(PATIENT)[f"eroded_by_{erosion}_px"]
    assert abs(agreement["mean_difference_percent"]) <= 5
    assert agreement["sector_mape_percent"] <= 6
    assert agreement["pixel_r"] >= 0.65
    assert agreement["valid"] > 0.9
