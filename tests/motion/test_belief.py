from __future__ import annotations

import numpy as np

from analysis.motion.belief import believed, shared_positions


def test_places_that_agree_within_their_error_are_one_place() -> None:
    rng = np.random.default_rng(1)
    places = rng.normal(0, 1, (60, 2)) + (7, -3)
    means, rest = shared_positions(places, np.ones(60), anchored=False)
    assert np.median(np.hypot(*(means - rest).T)) < 0.1
    np.testing.assert_allclose(rest, (7, -3), atol=0.5)


def test_places_far_apart_stay_where_they_are() -> None:
    places = np.stack([np.arange(0, 200, 10.0), np.zeros(20)], axis=1)
    means, _ = shared_positions(places, np.ones(20), anchored=False)
    np.testing.assert_allclose(means, places, atol=1e-6)


def test_a_place_that_is_not_trusted_moves_towards_the_others() -> None:
    places = np.zeros((30, 2))
    places[4] = (3, 0)
    trusted, _ = shared_positions(places, np.ones(30), anchored=False)
    error = np.ones(30)
    error[4] = 4
    doubted, _ = shared_positions(places, error, anchored=False)
    assert doubted[4, 0] < 0.5 < trusted[4, 0]


def test_shape_changes_within_the_noise_are_not_believed() -> None:
    rng = np.random.default_rng(2)
    estimates = np.zeros((50, 2, 3))
    estimates[:, 0, 1] = rng.normal(0, 0.1, 50)
    estimates[:, 1, 2] = rng.normal(0, 1.0, 50)
    kept = believed(estimates, (0.4, 0.2), np.zeros(50), anchored=False)
    assert not kept[:, 0, 1].any()
    assert np.corrcoef(kept[:, 1, 2], estimates[:, 1, 2])[0, 1] > 0.999
    assert kept[:, 1, 2].std() > 0.95 * estimates[:, 1, 2].std()


def test_the_position_most_frames_share_is_the_frame_of_reference() -> None:
    estimates = np.zeros((40, 2, 1))
    estimates[:25, 0, 0] = 5.0
    kept = believed(estimates, (0.4,), np.zeros(40), anchored=False)
    np.testing.assert_allclose(kept[:25], 0, atol=1e-6)
    np.testing.assert_allclose(kept[25:, 0, 0], -5, atol=1e-6)


def test_a_given_frame_of_reference_is_kept() -> None:
    estimates = np.zeros((40, 2, 1))
    estimates[:25, 0, 0] = 5.0
    kept = believed(estimates, (0.4,), np.zeros(40), anchored=True)
    np.testing.assert_allclose(kept[:25, 0, 0], 5, atol=1e-6)
    np.testing.assert_allclose(kept[25:], 0, atol=1e-6)
