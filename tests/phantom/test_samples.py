import numpy as np
import pytest

from analysis.phantom import training_sample
from analysis.phantom.drawing import LabelConvention
from analysis.phantom.sample_motion import Movement

EDGES = LabelConvention(epi_inset_mm=0.0, endo_outset_mm=0.0)
INSET = LabelConvention(epi_inset_mm=2.0, endo_outset_mm=0.0)


def test_the_same_seed_gives_the_same_sample() -> None:
    first = training_sample(np.random.default_rng(3))
    again = training_sample(np.random.default_rng(3))
    assert np.array_equal(first.series, again.series)
    assert np.array_equal(first.labels, again.labels)


@pytest.mark.parametrize("output", ["raw", "pd", "gd"])
def test_a_sample_has_the_asked_shape_and_finite_values(output: str) -> None:
    sample = training_sample(np.random.default_rng(1), size=80, frames=30, output=output)
    assert sample.series.shape == (30, 80, 80)
    assert sample.series.dtype == np.float32
    assert np.isfinite(sample.series).all()
    assert sample.labels.shape == (80, 80)
    assert set(np.unique(sample.labels)) <= {0, 1, 2, 3}


def test_the_right_ventricle_fills_before_the_left() -> None:
    for seed in range(12):
        sample = training_sample(np.random.default_rng(seed), tier="easy", residual_motion=0.0)
        if (sample.labels == 3).sum() < 60 or (sample.labels == 1).sum() < 60:
            continue
        rv = sample.series[:, sample.labels == 3].mean(1)
        lv = sample.series[:, sample.labels == 1].mean(1)
        half = [np.argmax(c > 0.5 * (c.max() + c[:3].mean())) for c in (rv, lv)]
        assert half[0] <= half[1]


def test_the_insertion_point_lies_between_wall_and_right_ventricle() -> None:
    for seed in range(12):
        sample = training_sample(np.random.default_rng(seed), tier="easy", convention=EDGES)
        point = sample.meta["rv_insertion_anterior_rc"]
        if point is None or sample.meta["position"] == "basal" or (sample.labels == 3).sum() < 60:
            continue
        rows, columns = np.nonzero(sample.labels == 3)
        to_rv = np.hypot(rows - point[0], columns - point[1]).min()
        rows, columns = np.nonzero(sample.labels == 2)
        to_wall = np.hypot(rows - point[0], columns - point[1]).min()
        assert to_rv < 5.0 and to_wall < 2.5


def test_a_larger_inset_makes_a_thinner_wall() -> None:
    thick = training_sample(np.random.default_rng(5), convention=EDGES)
    thin = training_sample(np.random.default_rng(5), convention=INSET)
    assert (thin.labels == 2).sum() < (thick.labels == 2).sum()
    assert np.array_equal(thin.labels == 1, thick.labels == 1)


def test_pools_of_input_function_images_are_smaller_than_the_drawn_cavity() -> None:
    """Blood alone: without papillary muscles and without the readers' rim of wall."""
    for seed in range(3):
        drawn, pools = (
            training_sample(np.random.default_rng(seed), size=64, pixel_spacing_mm=3.0, output=how)
            for how in ("raw", "aif")
        )
        assert set(np.unique(pools.labels)) <= {0, 1, 3}
        assert 0 < (pools.labels == 1).sum() < (drawn.labels == 1).sum()


def test_pools_are_labelled_where_they_lie_while_the_bolus_passes() -> None:
    """Frames 2-6 of 10 are bright and the heart is elsewhere then; one of them is a gasp."""
    pool = np.zeros((1, 40, 40), dtype=np.float32)
    pool[0, 16:24, 12:20] = 1.0
    bright = np.zeros((1, 10))
    bright[0, 2:7] = (3.0, 3.0, 1.0, 1.0, 1.0)
    shift = np.zeros((10, 2), dtype=np.float32)
    shift[2:7] = (-3.0, 2.0)
    shift[3] = (9.0, 9.0)
    movement = Movement(
        heart=np.ones((40, 40), dtype=np.float32),
        centre_rc=(20.0, 20.0),
        heart_px=shift,
        around_px=np.zeros((10, 2), dtype=np.float32),
        squeeze=np.zeros(10, dtype=np.float32),
        through_plane=np.zeros(10, dtype=np.float32),
    )
    seen = movement.seen_while_bright(pool, None, bright)
    assert np.allclose(seen[0], movement.warp(np.repeat(pool, 10, axis=0))[2])
    assert not np.allclose(seen[0], pool[0])


@pytest.mark.parametrize("position", ["basal", "mid", "apical"])
def test_a_sample_lies_where_it_was_asked_for(position: str) -> None:
    sample = training_sample(np.random.default_rng(4), size=64, frames=12, position=position)
    assert sample.meta["position"] == position
