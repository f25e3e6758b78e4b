"""From a series to probabilities on its own pixels, with a network that is not trained."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis import weights
from analysis.errors import ModelUnavailable
from analysis.segmentation import inference
from analysis.segmentation.network import LightUNet, NetworkConfig


@pytest.fixture
def untrained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    torch.manual_seed(2)
    config = NetworkConfig(temporal_features=4, widths=(8, 8, 8), blocks=(1, 1, 1))
    weights.store_model(
        "segmentation",
        "0.0.1",
        state=LightUNet(config).state_dict(),
        document={"architecture": config.to_json()},
        folder=tmp_path,
    )
    monkeypatch.setattr(
        inference, "load_model", lambda name, version: weights.load_model(name, folder=tmp_path)
    )
    inference.load_network.cache_clear()
    yield tmp_path
    inference.load_network.cache_clear()


def series(shape: tuple[int, int] = (70, 90)) -> tuple[np.ndarray, np.ndarray]:
    time_s = np.arange(50) * 0.8
    curve = np.exp(-((time_s - 15) ** 2) / 30)
    frames = np.random.default_rng(1).normal(10, 1, (50, *shape)).astype(np.float32)
    frames[:, 25:45, 30:60] += 60 * curve[:, None, None].astype(np.float32)
    return frames, time_s


@pytest.mark.parametrize("centre", [None, (35.0, 45.0)])
def test_probabilities_add_up_on_the_slices_own_pixels(
    untrained: Path, centre: tuple[float, float] | None
) -> None:
    frames, time_s = series()
    result = inference.segment(frames, time_s, (2.0, 1.5), centre_rc=centre)
    assert result.probabilities.shape == (4, 70, 90) and result.uncertainty.shape == (70, 90)
    assert result.probabilities.sum(axis=0) == pytest.approx(np.ones((70, 90)), abs=1e-3)
    assert result.uncertainty.min() >= 0 and result.model_version == "0.0.1"


def test_the_same_series_at_another_gain_gives_the_same_answer(untrained: Path) -> None:
    frames, time_s = series()
    first = inference.segment(frames, time_s, (2.0, 2.0))
    second = inference.segment(1000 * frames, time_s, (2.0, 2.0))
    assert np.abs(first.probabilities - second.probabilities).max() < 1e-3


def test_missing_values_do_not_spread(untrained: Path) -> None:
    frames, time_s = series()
    frames[3] = np.nan
    result = inference.segment(frames, time_s, (2.0, 2.0), centre_rc=(35.0, 45.0))
    assert np.isfinite(result.probabilities).all()


def test_damaged_weights_are_refused(untrained: Path) -> None:
    file = untrained / "segmentation" / "0.0.1" / weights.WEIGHTS_FILE
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    frames, time_s = series()
    with pytest.raises(ModelUnavailable, match="checksum"):
        inference.segment(frames, time_s, (2.0, 2.0))


def test_a_missing_model_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="segmentation"):
        weights.load_model("segmentation", folder=tmp_path)


def test_the_newest_version_is_a_matter_of_numbers(tmp_path: Path) -> None:
    for version in ("0.9.0", "0.10.0"):
        weights.store_model("x", version, state={"a": torch.ones(1)}, document={}, folder=tmp_path)
    assert weights.latest_version("x", folder=tmp_path) == "0.10.0"
    assert weights.load_model("x", folder=tmp_path).state["a"].dtype == torch.float32
