import numpy as np
import pytest

from analysis.__main__ import main
from analysis.evaluation.flow_cases import draw_cases
from analysis.perfusion import MODELS


@pytest.fixture
def arrays():
    cases = draw_cases("stress", count=6, frames=60, continuous=False)
    return {
        "gd_mmol_per_l": cases.curves.T.reshape(60, 2, 3),
        "aif_mmol_per_l": cases.aif,
        "dt_s": 0.5,
        "truth": cases.truth[:, 0].reshape(2, 3),
    }


@pytest.mark.parametrize("model", MODELS)
def test_the_command_writes_maps_in_blood_units(tmp_path, arrays, model) -> None:
    np.savez(tmp_path / "in.npz", **arrays, mask=np.array([[1, 1, 1], [1, 1, 0]]))
    out = tmp_path / "out.npz"
    assert main(["map-flow", str(tmp_path / "in.npz"), "--out", str(out), "--model", model]) == 0
    with np.load(out) as maps:
        assert maps["quality"][1, 2] == 1
        assert {"mbf_se", "delay_s", "delay_se", "ps_se", "vb_se", "visf_se"} <= set(maps.files)
        assert {"ps_ml_per_min_per_g", "vb_ml_per_g", "visf_ml_per_g"} <= set(maps.files)
        assert maps["residual_rms_mmol_per_l"].shape == (2, 3)
        if model == "btex":
            measured = maps["quality"] == 0
            assert measured.sum() == 5
            assert maps["mbf"][measured] == pytest.approx(arrays["truth"][measured], rel=0.01)


@pytest.mark.parametrize(
    "change",
    [
        {"dt_s": None},
        {"aif_mmol_per_l": np.zeros(7)},
        {"gd_mmol_per_l": np.zeros((60, 4))},
        {"dt_s": np.array([0.5, 0.5])},
        {"aif_mmol_per_l": np.array(["a"] * 60)},
        {"dt_s": 0.0},
        {"aif_mmol_per_l": np.full(60, np.nan)},
    ],
)
def test_bad_input_ends_with_code_2_and_one_line(tmp_path, arrays, change, capsys) -> None:
    wrong = {name: value for name, value in (arrays | change).items() if value is not None}
    np.savez(tmp_path / "in.npz", **wrong)
    assert main(["map-flow", str(tmp_path / "in.npz"), "--out", str(tmp_path / "out.npz")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04garbage", b"not an archive at all"])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content, capsys) -> None:
    (tmp_path / "in.npz").write_bytes(content)
    assert main(["map-flow", str(tmp_path / "in.npz"), "--out", str(tmp_path / "out.npz")]) == 2
    assert "in.npz" in capsys.readouterr().err
