import pytest

from analysis.config import PipelineConfig
from analysis.errors import BadInput


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "bolus"},
        {"other_models": ("bolus",)},
        {"other_models": ("btex",)},
        {"other_models": ("fermi", "fermi")},
        {"apical_rule": "somewhere"},
        {"haematocrit": 0.0},
        {"haematocrit": float("nan")},
        {"tissue_density_g_per_ml": 10.0},
        {"least_certainty": 1.5},
    ],
)
def test_a_choice_without_meaning_is_refused(wrong):
    with pytest.raises(BadInput):
        PipelineConfig(**wrong)


def test_equal_choices_have_equal_digests_and_others_do_not():
    assert PipelineConfig().digest() == PipelineConfig(model="btex").digest()
    assert PipelineConfig().digest() != PipelineConfig(haematocrit=0.40).digest()


def test_a_configuration_survives_its_document():
    config = PipelineConfig(model="fermi", excluded_frames={"stress_mid": (3, 4)})
    again = PipelineConfig(**config.to_json())
    assert again.digest() == config.digest()
