"""Mutated files never crash the reader: each is used or refused with a sentence.

QPERF_FUZZ_CASES asks for more cases than the short form; a failing seed is named by the test.
"""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from analysis.dicom import classify, load_exam, read_objects
from analysis.dicom.inspection import inspect
from analysis.dicom.refusals import REASONS, Refused
from analysis.errors import BadInput

from . import make

CASES = int(os.environ.get("QPERF_FUZZ_CASES", "300"))


def sample(kind: int) -> bytes:
    if kind == 0:
        return make.to_bytes(make.image(HeartRate=70, AcquisitionTime="100000"))
    if kind == 1:
        return make.to_bytes(make.enhanced("perf", frames=3, slices=2))
    ds = make.image()
    ds.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
    return make.to_bytes(ds)


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Flip, cut, repeat, insert or overwrite some bytes, lengths among them."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        at, count = int(rng.integers(0, len(out))), int(rng.integers(1, 24))
        action = rng.integers(0, 5)
        if action == 0:
            out[at] ^= 1 << int(rng.integers(0, 8))
        elif action == 1:
            del out[at : at + count]
        elif action == 2:
            out[at:at] = out[at : at + count]
        elif action == 3:
            out[at : at + 4] = rng.choice([b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f"])
        else:
            out[at : at + count] = rng.bytes(count)
        if len(out) < 8:
            break
    return bytes(out)


@pytest.mark.parametrize("kind", range(3))
def test_a_mutated_object_is_used_or_refused(kind: int) -> None:
    original = sample(kind)
    refused = 0
    for seed in range(CASES):
        data = mutated(original, np.random.default_rng([kind, seed]))
        try:
            facts = inspect(io.BytesIO(data), len(data))
        except Refused as reason:
            refused += 1
            assert reason.code in REASONS, seed
        else:
            classify([facts]).to_json()
    assert 0 < refused < CASES


def test_mutated_exams_are_loaded_or_refused(tmp_path: Path) -> None:
    originals = [make.to_bytes(ds) for ds in make.first_pass("perf rest", frames=14)]
    for seed in range(CASES // 15):
        rng = np.random.default_rng([9, seed])
        folder = tmp_path / str(seed)
        folder.mkdir()
        for i, data in enumerate(originals):
            spoiled = mutated(data, rng) if rng.random() < 0.3 else data
            (folder / f"{i}.dcm").write_bytes(spoiled)
        objects, refusals = read_objects([folder])
        assert len(objects) + len(refusals) == len(originals)
        try:
            exam = load_exam(objects)
        except BadInput as error:
            assert str(error).endswith("."), seed
        else:
            for slice_ in exam.acquisitions[0].slices:
                assert np.isfinite(slice_.signal).all(), seed


def test_a_mutated_zip_is_read_or_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, ds in enumerate(make.first_pass("perf", frames=3)):
            archive.writestr(f"{i}.dcm", make.to_bytes(ds))
    path = tmp_path / "a.zip"
    for seed in range(CASES // 3):
        path.write_bytes(mutated(buffer.getvalue(), np.random.default_rng([7, seed])))
        _, refusals = read_objects([path])
        assert all(r.code in REASONS for r in refusals), seed
