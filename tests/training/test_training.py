"""Samples, augmentation, loss and the loop: seeded, resumable, and able to learn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis import weights
from analysis.errors import BadInput
from analysis.segmentation.network import LightUNet, NetworkConfig
from analysis.segmentation.window import BINS, GRID_SIZE
from analysis.training.aif_samples import draw_aif_sample
from analysis.training.augment import (
    STORED_BINS,
    STORED_SIZE,
    augment,
    take_window,
    without_time,
)
from analysis.training.config import TrainingConfig, read_config
from analysis.training.export import export
from analysis.training.loop import (
    CHECKPOINT_FILE,
    learning_rate,
    new_state,
    only_classes,
    train,
    train_step,
    validation_dice,
)
from analysis.training.loss import segmentation_loss
from analysis.training.patches import move_anywhere
from analysis.training.samples import draw_sample
from analysis.training.shards import ShardFolder, write_shard

TINY = TrainingConfig(
    name="segmentation",
    steps=4,
    batch_size=2,
    warm_up_steps=1,
    network=NetworkConfig(temporal_features=4, widths=(8, 8, 8), blocks=(1, 1, 1)),
)


def disc_sample(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A blood pool that fills, in a wall that fills later."""
    rows, columns = np.mgrid[:STORED_SIZE, :STORED_SIZE]
    centre = STORED_SIZE / 2 + rng.normal(0, 4, 2)
    radius = np.hypot(rows - centre[0], columns - centre[1])
    labels = np.where(radius < 14, 1, np.where(radius < 22, 2, 0)).astype(np.uint8)
    since = np.arange(STORED_BINS) - 8.0
    pool, wall = (np.clip(since - late, 0, 4) / 4 for late in (0, 8))
    frames = np.full((STORED_BINS, *labels.shape), 0.1, dtype=np.float32)
    frames += (labels == 1) * pool[:, None, None] + 0.4 * (labels == 2) * wall[:, None, None]
    return frames.astype(np.float32), labels


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    for number in range(2):
        write_shard(tmp_path / "shards", disc_sample, seed=5, number=number, count=4)
    return tmp_path / "shards"


def validation() -> tuple[np.ndarray, np.ndarray]:
    frames, labels = disc_sample(np.random.default_rng(99))
    return frames[None, 3 : 3 + BINS, 8:104, 8:104].copy(), labels[None, 8:104, 8:104]


def test_a_shard_depends_on_its_seed_and_number_alone(tmp_path: Path) -> None:
    first = write_shard(tmp_path / "a", disc_sample, seed=5, number=3, count=2)
    second = write_shard(tmp_path / "b", disc_sample, seed=5, number=3, count=2)
    other = write_shard(tmp_path / "b", disc_sample, seed=5, number=4, count=2)
    assert np.array_equal(np.load(first), np.load(second))
    assert not np.array_equal(np.load(first), np.load(other))


def test_a_shard_that_is_there_is_not_simulated_again(tmp_path: Path) -> None:
    path = write_shard(tmp_path, disc_sample, seed=5, number=0, count=1)
    before = path.stat().st_mtime_ns
    write_shard(tmp_path, disc_sample, seed=5, number=0, count=1)
    assert path.stat().st_mtime_ns == before
    assert not list(tmp_path.glob("*.part"))


def test_a_batch_keeps_frames_and_labels_together(shards: Path) -> None:
    samples = ShardFolder.open(shards)
    assert len(samples) == 8
    frames, labels = samples.batch(np.random.default_rng(1), 5)
    assert frames.shape == (5, STORED_BINS, STORED_SIZE, STORED_SIZE)
    for series, truth in zip(frames, labels, strict=True):
        assert series[30][truth == 1].min() > 4 * series[30][truth == 0].max()


def test_augmentation_moves_frames_and_labels_alike_and_repeats_with_its_seed() -> None:
    frames, labels = disc_sample(np.random.default_rng(1))
    stored = torch.from_numpy(frames)[None].repeat(4, 1, 1, 1)
    truth = torch.from_numpy(labels.astype(np.int64))[None].repeat(4, 1, 1)
    results = []
    for _ in range(2):
        generator = torch.Generator().manual_seed(3)
        results.append(augment(stored, truth, classes=4, nominal_start=3, generator=generator))
    window, moved = results[0]
    assert torch.equal(window, results[1][0]) and torch.equal(moved, results[1][1])
    assert window.shape == (4, BINS, GRID_SIZE, GRID_SIZE) and torch.isfinite(window).all()
    for series, answer in zip(window, moved, strict=True):
        assert series[14][answer == 1].mean() > 2 * series[14][answer == 0].mean()


def test_a_window_begins_where_it_is_told() -> None:
    stored = torch.arange(STORED_BINS)[None, :, None, None].float().repeat(2, 1, 2, 2)
    window = take_window(stored, torch.tensor([0, 5]))
    assert window[:, 0, 0, 0].tolist() == [0, 5] and window.shape[1] == BINS


def test_the_right_answer_costs_less_than_a_wrong_one() -> None:
    labels = torch.randint(0, 4, (2, 8, 8), generator=torch.Generator().manual_seed(1))
    right = 10 * torch.nn.functional.one_hot(labels, 4).movedim(-1, 1).float()
    each = torch.ones(4)
    assert segmentation_loss(right, labels, each) < 0.01
    assert segmentation_loss(-right, labels, each) > 2


def test_a_pixel_on_a_line_counts_more_when_asked_to() -> None:
    labels = torch.zeros(1, 8, 8, dtype=torch.long)
    labels[:, :, 4:] = 2
    unsure = torch.zeros(1, 4, 8, 8)
    each = torch.ones(4)
    plain, weighted = (segmentation_loss(unsure, labels, each, edge_weight=w) for w in (0.0, 1.0))
    # Two of the eight columns lie on the line; each costs log 4 once more.
    assert float(weighted - plain) == pytest.approx(np.log(4) / 4, rel=1e-5)


def test_shared_pixels_cost_least_when_the_answer_shares_them_alike() -> None:
    shares = torch.tensor([0.3, 0.0, 0.7, 0.0]).view(1, 4, 1, 1).expand(1, 4, 4, 4)
    each = torch.ones(4)
    right = segmentation_loss(torch.log(shares + 1e-6), shares, each)
    sure = segmentation_loss(torch.log(torch.tensor([0.01, 0, 0.99, 0]) + 1e-6).view(1, 4, 1, 1)
                             .expand(1, 4, 4, 4), shares, each)  # fmt: skip
    assert right < sure


def test_soft_labels_place_a_line_more_finely_than_a_pixel() -> None:
    frames, labels = disc_sample(np.random.default_rng(1))
    stored = torch.from_numpy(frames)[None]
    truth = torch.from_numpy(labels.astype(np.int64))[None]
    hard, soft = (
        augment(stored, truth, classes=4, nominal_start=3,
                generator=torch.Generator().manual_seed(3), soft_labels=kind)[1]
        for kind in (False, True)
    )  # fmt: skip
    assert torch.equal(soft.argmax(dim=1), hard)
    assert torch.allclose(soft.sum(dim=1), torch.ones(1, GRID_SIZE, GRID_SIZE), atol=1e-4)
    assert ((soft > 0.1) & (soft < 0.9)).any()


def test_a_share_of_each_batch_has_an_open_wall(tmp_path: Path) -> None:
    def now_and_then_open(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        frames, labels = disc_sample(rng)
        if rng.random() < 0.2:
            labels[: STORED_SIZE // 2][labels[: STORED_SIZE // 2] == 2] = 0
        return frames, labels

    write_shard(tmp_path, now_and_then_open, seed=5, number=0, count=12)
    samples = ShardFolder.open(tmp_path)
    opened = samples.open_walls()
    assert 0 < len(opened) < 6
    _, labels = samples.batch(np.random.default_rng(1), 10, open_wall_share=0.5)
    whole = int((samples.labels[0][0] == 2).sum())
    assert sum((truth == 2).sum() < 0.8 * whole for truth in labels) >= 5


def test_the_learning_rate_rises_stays_and_falls_to_zero() -> None:
    config = replace(TINY, steps=1000, warm_up_steps=100, decay_share=0.5, learning_rate=1.0)
    assert learning_rate(config, 0) == pytest.approx(0.01)
    assert learning_rate(config, 300) == 1
    assert learning_rate(config, 750) == pytest.approx(0.5)
    assert learning_rate(config, 1000) == 0


def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(
    shards: Path, tmp_path: Path
) -> None:
    def run(out: Path, stops: tuple[int, ...]) -> dict[str, torch.Tensor]:
        for stop in stops:
            state = new_state(TINY)
            if (out / CHECKPOINT_FILE).exists():
                state.load(out / CHECKPOINT_FILE)
            train(
                TINY,
                state,
                shards=shards,
                out=out,
                validation=validation(),
                nominal_start=3,
                until=lambda limit=stop, now=state: now.step >= limit,
                say=lambda line: None,
            )
        return state.averaged.state_dict()

    whole, pieces = run(tmp_path / "whole", (4,)), run(tmp_path / "pieces", (2, 4))
    assert all(torch.allclose(whole[key], pieces[key]) for key in whole)
    assert (tmp_path / "whole" / "log.csv").read_text().count("\n") == 2


def test_the_network_learns_a_disc_in_a_ring() -> None:
    config = replace(TINY, steps=80, learning_rate=5e-3, averaging=0.9, warm_up_steps=5)
    state = new_state(config)
    windows, labels = validation()
    batch = torch.from_numpy(np.repeat(windows, 2, axis=0))
    truth = torch.from_numpy(np.repeat(labels, 2, axis=0).astype(np.int64))
    for _ in range(80):
        train_step(state, config, batch, truth)
    lv, wall = validation_dice(state.averaged, windows, labels, config=TINY)
    assert lv > 0.95 and wall > 0.9


def test_exported_weights_load_and_say_where_they_come_from(tmp_path: Path) -> None:
    state = new_state(TINY)
    export(TINY, state, "0.0.1", samples=8, folder=tmp_path)
    stored = weights.load_model("segmentation", "0.0.1", folder=tmp_path)
    network = LightUNet(NetworkConfig.from_json(stored.document["architecture"]))
    network.load_state_dict(stored.state, strict=False)
    assert stored.document["training"]["seed"] == TINY.seed
    assert stored.document["classes"][2] == "myocardium"


def test_every_shipped_configuration_can_be_read() -> None:
    assert read_config("segmentation").network.classes == 4


def test_an_unknown_setting_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('name = "segmentation"\nspeed = 3\n')
    with pytest.raises(BadInput, match="speed"):
        read_config(str(path))


def test_a_simulated_sample_holds_a_heart_that_fills_after_the_bolus_foot() -> None:
    frames, labels = draw_sample(np.random.default_rng([11, 2]))
    assert frames.shape == (STORED_BINS, STORED_SIZE, STORED_SIZE)
    assert set(np.unique(labels)) <= {0, 1, 2, 3} and (labels == 2).sum() > 50
    blood = (
        frames[:, labels == 3].mean(axis=1)
        if (labels == 3).any()
        else frames[:, labels == 1].mean(axis=1)
    )
    assert blood[9:].max() > blood[:6].max()


def test_a_variant_changes_only_what_it_names() -> None:
    plain, narrow = read_config("segmentation"), read_config("segmentation@narrow")
    assert narrow.network.widths == (40, 80, 112)
    assert replace(narrow, network=plain.network) == plain
    assert read_config("segmentation@one-frame").one_frame
    assert not read_config("segmentation@place-alone").intensity_changes
    with pytest.raises(BadInput, match="has no variant wide"):
        read_config("segmentation@wide")


@pytest.mark.parametrize("variant", ["two-levels", "four-levels", "two-blocks", "four-blocks"])
def test_every_variant_of_the_search_is_a_network(variant: str) -> None:
    network = LightUNet(read_config(f"segmentation@{variant}").network).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, BINS, 32, 32)).shape == (1, 4, 32, 32)


def test_a_network_without_time_sees_the_same_in_every_order_of_frames() -> None:
    window = torch.rand(2, BINS, 8, 8)
    later = window.flip(dims=(1,))
    assert torch.allclose(without_time(window), without_time(later), atol=1e-6)
    assert without_time(window).shape == window.shape


def test_without_intensity_changes_a_sample_keeps_its_grey_values() -> None:
    frames, truth = disc_sample(np.random.default_rng(4))
    window, _ = augment(
        torch.from_numpy(frames)[None],
        torch.from_numpy(truth.astype(np.int64))[None],
        classes=3,
        nominal_start=3,
        generator=torch.Generator().manual_seed(2),
        intensity_changes=False,
    )
    assert float(window.max()) <= float(frames.max()) + 1e-5
    assert float(window[:, 0].min()) >= 0


def test_the_input_function_network_is_trained_on_two_pools() -> None:
    frames, labels = draw_aif_sample(np.random.default_rng(6))
    assert frames.shape == (STORED_BINS, STORED_SIZE, STORED_SIZE)
    assert set(np.unique(labels)) <= {0, 1, 2} and (labels == 1).any()
    config = read_config("aif")
    assert config.network.classes == len(config.class_weights) == 3


def test_a_patch_network_learns_from_squares_of_the_window(shards: Path, tmp_path: Path) -> None:
    config = replace(read_config("patches"), steps=1, batch_size=2, patch_size=16)
    seen = []
    state = new_state(config)
    state.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    train(
        config, state, shards=shards, out=tmp_path / "run", validation=validation(),
        nominal_start=3, say=lambda line: None,
    )  # fmt: skip
    assert seen == [(2, 30, 16, 16)] and state.step == 1


def test_a_patch_may_hold_the_heart_at_its_edge() -> None:
    frames, labels = disc_sample(np.random.default_rng(1))
    stored = torch.from_numpy(frames)[None].repeat(40, 1, 1, 1)
    truth = torch.from_numpy(labels.astype(np.int64))[None].repeat(40, 1, 1)
    moved, answer = move_anywhere(stored, truth, torch.Generator().manual_seed(1))
    assert moved.shape == stored.shape and answer.shape == truth.shape
    centres = torch.stack([torch.nonzero(part == 1).float().mean(dim=0) for part in answer])
    assert float(centres.std()) > 6
    assert float(moved[0, 30][answer[0] == 1].min()) > 4 * float(moved[0, 30][answer[0] == 0].max())


def test_a_network_of_two_classes_takes_the_rest_for_background() -> None:
    config = read_config("aif@two-classes")
    assert config.network.classes == len(config.class_weights) == 2
    labels = torch.tensor([0, 1, 2, 3])
    assert only_classes(labels, 2).tolist() == [0, 1, 0, 0]
