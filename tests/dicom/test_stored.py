"""Facts that were kept when an object came in stand for its header, and for nobody's name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.dicom import from_store, header_facts, load_exam, read_objects, reading, to_store

from . import make


def test_an_exam_from_kept_facts_is_the_exam_from_its_headers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make.write(tmp_path / "exam", make.dual_sequence("stress", start_s=36_000))
    objects, _ = read_objects([folder])
    kept = {o.source.path: json.loads(json.dumps(to_store(o.facts))) for o in objects}

    def nobody(*given: object) -> None:
        raise AssertionError("a header was read again")

    monkeypatch.setattr(reading, "inspect", nobody)
    known = {path: facts for path, value in kept.items() if (facts := from_store(value))}
    again, refusals = read_objects([folder], known=known)
    assert refusals == []
    assert [o.facts for o in again] == [o.facts.without_identity() for o in objects]
    for one, other in zip(
        load_exam(objects).acquisitions, load_exam(again).acquisitions, strict=True
    ):
        assert one.protocol == other.protocol
        for first, second in zip(one.slices, other.slices, strict=True):
            np.testing.assert_array_equal(first.signal, second.signal)
            np.testing.assert_array_equal(first.time_s, second.time_s)
            assert first.geometry == second.geometry


def test_a_file_without_kept_facts_is_read(tmp_path: Path) -> None:
    folder = make.write(tmp_path / "exam", make.dual_sequence("stress", start_s=36_000))
    objects, _ = read_objects([folder])
    some = {o.source.path: o.facts for o in objects[::2]}
    assert read_objects([folder], known=some)[0] == objects


def test_facts_that_another_program_read_are_not_used() -> None:
    kept = to_store(header_facts(make.image()))
    assert from_store(kept) is not None
    assert from_store({**kept, "reader": "of the last release"}) is None
    del kept["reader"]
    assert from_store(kept) is None
    assert from_store({}) is None


def test_facts_for_the_store_name_nobody() -> None:
    kept = to_store(header_facts(make.image()))
    text = json.dumps(kept)
    assert "Person" not in text and "P1" not in kept.values() and "19700102" not in text
