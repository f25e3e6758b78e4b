"""Which ventricles count where contrast dynamics and a network were both asked."""

import numpy as np

from analysis.aif import agree_on_pools
from analysis.quality import Flag

EMPTY = np.zeros((20, 20), bool)
ONE_POOL = Flag(code="aif-right-ventricle-not-found", message="Only one pool was found.")


def square(row, column, size=4):
    mask = EMPTY.copy()
    mask[row : row + size, column : column + size] = True
    return mask


LEFT, RIGHT, ELSEWHERE = square(8, 12), square(8, 4), square(1, 1)


def passing(bright, dim=None):
    """Twelve frames in which a bolus passes: fully in one mask, with half its height in another."""
    bolus = np.array([0, 0, 0, 0, 1, 3, 4, 4, 4, 3, 1, 1], float)[:, None, None]
    signal = 10.0 + 100 * bolus * bright
    return signal if dim is None else signal + 50 * bolus * (dim & ~bright)


ALL_BRIGHT = passing(np.ones_like(LEFT))


def test_the_network_s_pools_count_where_both_agree() -> None:
    lv, rv, flags = agree_on_pools((square(8, 12, 5), ELSEWHERE, ()), (LEFT, RIGHT), ALL_BRIGHT)
    assert np.array_equal(lv, LEFT) and np.array_equal(rv, RIGHT)
    assert flags == ()


def test_the_dim_rim_of_the_network_s_pool_is_left_out() -> None:
    wide = square(7, 11, 6)
    lv, _, flags = agree_on_pools((LEFT, RIGHT, ()), (wide, RIGHT), passing(LEFT, dim=wide))
    assert np.array_equal(lv, LEFT)
    assert flags == ()


def test_the_network_decides_where_they_disagree_and_says_so() -> None:
    lv, rv, flags = agree_on_pools((ELSEWHERE, RIGHT, ()), (LEFT, RIGHT), ALL_BRIGHT)
    assert np.array_equal(lv, LEFT) and np.array_equal(rv, RIGHT)
    assert [flag.code for flag in flags] == ["aif-left-ventricle-uncertain"]


def test_the_network_helps_where_the_dynamics_found_nothing() -> None:
    lv, rv, flags = agree_on_pools((EMPTY, EMPTY, ()), (LEFT, RIGHT | LEFT), ALL_BRIGHT)
    assert np.array_equal(lv, LEFT)
    assert not (lv & rv).any()
    assert len(flags) == 1


def test_a_network_that_saw_nothing_changes_nothing() -> None:
    found = (LEFT, RIGHT, ())
    assert agree_on_pools(found, (EMPTY, RIGHT), ALL_BRIGHT) is found


def test_the_right_ventricle_is_never_measured_for_the_left_one() -> None:
    """The dynamics found one pool; the network knows it as the right ventricle."""
    lv, rv, flags = agree_on_pools(
        (RIGHT, EMPTY, (ONE_POOL,)), (square(9, 13, 1), RIGHT), ALL_BRIGHT
    )
    assert lv.sum() == 1 and np.array_equal(rv, RIGHT)
    assert [flag.code for flag in flags] == ["aif-left-ventricle-uncertain"]


def test_a_pool_too_small_to_measure_in_gives_way_to_the_larger_one_around_it() -> None:
    found = (LEFT, RIGHT, ())
    assert agree_on_pools(found, (square(9, 13, 2), RIGHT), ALL_BRIGHT) is found


def test_the_dynamics_right_ventricle_and_doubt_stay_where_the_network_sees_none() -> None:
    lv, rv, flags = agree_on_pools((LEFT, RIGHT, (ONE_POOL,)), (LEFT, EMPTY), ALL_BRIGHT)
    assert np.array_equal(lv, LEFT) and np.array_equal(rv, RIGHT)
    assert flags == (ONE_POOL,)
    assert agree_on_pools((LEFT, EMPTY, (ONE_POOL,)), (LEFT, RIGHT), ALL_BRIGHT)[2] == ()


def test_a_mask_that_only_holds_the_ventricle_is_not_the_ventricle() -> None:
    """Cavity and wall taken together, or a cavity run into what lies beside it."""
    everything = np.ones_like(LEFT)
    lv, _, flags = agree_on_pools((everything, EMPTY, ()), (LEFT, RIGHT), ALL_BRIGHT)
    assert np.array_equal(lv, LEFT)
    assert [flag.code for flag in flags] == ["aif-left-ventricle-uncertain"]
