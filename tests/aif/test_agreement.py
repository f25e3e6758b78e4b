"""Which left ventricle counts where contrast dynamics and a network were both asked."""

import numpy as np

from analysis.aif import agree_on_pools

EMPTY = np.zeros((20, 20), bool)


def square(row, column, size=4):
    mask = EMPTY.copy()
    mask[row : row + size, column : column + size] = True
    return mask


LEFT, RIGHT, ELSEWHERE = square(8, 12), square(8, 4), square(1, 1)


def test_the_finer_edge_of_the_dynamics_stays_where_both_agree() -> None:
    found = (LEFT, RIGHT, ())
    assert agree_on_pools(found, (square(7, 11, 6), RIGHT)) is found


def test_the_network_decides_where_they_disagree_and_says_so() -> None:
    lv, rv, flags = agree_on_pools((ELSEWHERE, RIGHT, ()), (LEFT, RIGHT))
    assert np.array_equal(lv, LEFT) and np.array_equal(rv, RIGHT)
    assert [flag.code for flag in flags] == ["aif-left-ventricle-uncertain"]


def test_the_network_helps_where_the_dynamics_found_nothing() -> None:
    lv, rv, flags = agree_on_pools((EMPTY, EMPTY, ()), (LEFT, RIGHT | LEFT))
    assert np.array_equal(lv, LEFT)
    assert not (lv & rv).any()
    assert len(flags) == 1


def test_a_network_that_saw_nothing_changes_nothing() -> None:
    found = (LEFT, RIGHT, ())
    assert agree_on_pools(found, (EMPTY, RIGHT)) is found


def test_a_mask_that_only_holds_the_ventricle_is_not_the_ventricle() -> None:
    """Cavity and wall taken together, or a cavity run into what lies beside it."""
    everything = np.ones_like(LEFT)
    lv, _, flags = agree_on_pools((everything, EMPTY, ()), (LEFT, RIGHT))
    assert np.array_equal(lv, LEFT)
    assert [flag.code for flag in flags] == ["aif-left-ventricle-uncertain"]
