import numpy as np
import pytest

from analysis.phantom.frozen import frozen_cases, is_comparable


def test_the_frozen_set_is_what_it_says() -> None:
    cases = frozen_cases()
    assert len(cases) == len({c.seed for c in cases}) == 200
    assert sum(c.defect for c in cases) >= 0.3 * len(cases)
    assert sum(c.outflow or c.heart_kind == "no_cavity" for c in cases) >= 0.1 * len(cases)
    for field in ("condition", "position", "field_strength_t", "sequence", "defect"):
        assert len({getattr(c, field) for c in cases}) > 1
    others = {c.seed for c in (*frozen_cases("easy"), *frozen_cases("wild"))}
    assert not {c.seed for c in cases} & others


def test_the_generator_still_makes_the_frozen_data() -> None:
    """Fails when a change alters the data: then raise GENERATOR_VERSION and freeze anew."""
    assert is_comparable()
    found = []
    for index in (0, 7, 199):
        one = frozen_cases()[index].simulate().acquisitions[0].slices[0]
        labels = one.truth.labels
        found.append(
            [
                int((labels == 1).sum()),
                int((labels == 2).sum()),
                int((labels == 3).sum()),
                float(np.nanmean(one.truth.mbf_ml_per_min_per_g)),
                float(one.signal.mean()),
            ]
        )
    assert found == [pytest.approx(row, rel=2e-3, abs=1e-3) for row in KNOWN]


KNOWN = [
    [231, 124, 589, 1.9397, 317.651],
    [0, 209, 145, 3.3197, 263.646],
    [174, 376, 110, 1.0902, 431.584],
]
