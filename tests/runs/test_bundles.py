"""Bundles: whole or not there, never changed, named by their content."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qperfweb.runs.bundles import (
    BundleDamaged,
    bundle_folder,
    open_bundle,
    quantise,
    verify_bundle,
    write_bundle,
)

MBF = np.array([[0.1, np.nan], [2.5, 6.0]], dtype=np.float32)


def test_equal_results_share_one_bundle_and_come_back_unchanged(tmp_path):
    digest = write_bundle(tmp_path, {"stress_mid": {"mbf": MBF}})
    assert write_bundle(tmp_path, {"stress_mid": {"mbf": MBF.copy()}}) == digest
    values = open_bundle(tmp_path, digest).values("stress_mid.mbf")
    assert values.tobytes() == MBF.tobytes()
    assert list((tmp_path / "tmp").iterdir()) == []


@given(
    arrays.arrays(
        np.float32,
        (3, 5),
        elements=st.floats(-1e4, 1e4, width=32) | st.just(float("nan")),
    )
)
def test_quantised_values_stay_within_half_a_step_and_gaps_stay_gaps(values):
    stored, scale, offset = quantise(values)
    back = np.where(stored == 0, np.nan, stored * scale + offset)
    gaps = ~np.isfinite(values)
    assert np.array_equal(np.isnan(back), gaps)
    tolerance = 0.5 * scale + 1e-3
    assert np.all(np.abs(back[~gaps] - values[~gaps]) <= tolerance)


def test_a_changed_manifest_is_refused(tmp_path):
    digest = write_bundle(tmp_path, {"stress_mid": {"mbf": MBF}})
    manifest = bundle_folder(tmp_path, digest) / "manifest.json"
    manifest.write_text(manifest.read_text().replace("ml/min/g", "ml/min/kg"))
    with pytest.raises(BundleDamaged):
        open_bundle(tmp_path, digest)


def test_changed_bytes_are_found(tmp_path):
    digest = write_bundle(tmp_path, {"a": {"mbf": MBF}, "b": {"mbf": MBF + 1}})
    path = bundle_folder(tmp_path, digest) / "b.mbf.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert verify_bundle(tmp_path, digest) == ["b.mbf"]


def test_nothing_stays_behind_when_an_array_cannot_be_written(tmp_path):
    with pytest.raises(ValueError):
        write_bundle(tmp_path, {"a": {"mbf": MBF, "note": np.array([object()])}})
    assert not (tmp_path / "bundles").exists()
    assert list((tmp_path / "tmp").iterdir()) == []
