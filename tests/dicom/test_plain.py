"""The short ways past pydicom give what pydicom gives, or leave it the work."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from analysis.dicom import values as v
from analysis.dicom.facts import HeaderFacts
from analysis.dicom.inspection import inspect
from analysis.dicom.pixels import frame_values
from analysis.dicom.plain import PlainPixels
from analysis.dicom.refusals import Refused

from . import make
from .test_fuzz import CASES, mutated, sample

NOISE = np.random.default_rng(1).integers(-32768, 32767, (16, 12)).astype(np.int16)


def seen(data: bytes) -> HeaderFacts:
    return inspect(io.BytesIO(data), len(data))


def both_ways(data: bytes) -> tuple[Any, Any]:
    """(values, slope, ceiling) by the short way and by pydicom."""
    found = seen(data)
    assert found.plain is not None
    short, long = (
        next(frame_values(io.BytesIO(data), replace(found, plain=plain), [0]))
        for plain in (found.plain, None)
    )
    return short, long


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"syntax": ImplicitVRLittleEndian},
        {"pixels": NOISE},
        {"pixels": NOISE.astype(np.uint16)},
        {"pixels": NOISE.astype(np.uint16), "BitsStored": 12, "HighBit": 11},
        {"pixels": NOISE, "BitsStored": 12, "HighBit": 11},
        {"RescaleSlope": "2.5", "RescaleIntercept": "-100"},
        {"RescaleSlope": "0"},
        {"PixelPaddingValue": 3, "WindowCenter": "100"},
    ],
    ids=str,
)
def test_plain_pixels_are_what_pydicom_decodes(elements: dict[str, Any]) -> None:
    short, long = both_ways(make.to_bytes(make.image(**elements)))
    np.testing.assert_array_equal(short[1], long[1])
    assert short[1].dtype == long[1].dtype == np.float32
    assert short[2:] == long[2:]


def compressed() -> FileDataset:
    ds = make.image()
    ds.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
    return ds


@pytest.mark.parametrize(
    "ds",
    [
        make.image(pixels=np.arange(192, dtype=np.uint8).reshape(16, 12)),
        make.image(syntax=DeflatedExplicitVRLittleEndian),
        make.image(PhotometricInterpretation="MONOCHROME1"),
        make.image(PhotometricInterpretation=None),
        make.image(BitsStored=12),
        make.image(BitsStored=12, HighBit=15),
        make.image(NumberOfFrames=1),
        make.image(RealWorldValueMappingSequence=Sequence([Dataset()])),
        make.enhanced("perf", frames=1, slices=1),
        compressed(),
    ],
    ids=map(str, range(10)),
)
def test_what_needs_care_is_left_to_pydicom(ds: FileDataset) -> None:
    assert seen(make.to_bytes(ds)).plain is None


@pytest.mark.parametrize("kind", range(3))
def test_mutated_objects_read_the_same_both_ways(
    kind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = sample(kind)
    short_ways = 0
    for seed in range(CASES):
        data = mutated(original, np.random.default_rng([kind, 1, seed]))
        try:
            found = seen(data)
        except Refused:
            continue
        with monkeypatch.context() as patched:
            patched.setattr(v, "_plain", lambda element: None)
            assert seen(data) == found, seed
        if found.plain is not None:
            short_ways += 1
            short, long = both_ways(data)
            np.testing.assert_array_equal(short[1], long[1], err_msg=str(seed))
            assert short[2:] == long[2:], seed
    assert bool(short_ways) == (kind == 0)


ELEMENTS = {
    ("SliceThickness", "DS"): (
        b"8", b" 8.50 ", b"8\0", b"1e3", b"nan", b"8,5", b"1\\2", b"1\\x", b"\\", b"1_0",
    ),
    ("InstanceNumber", "IS"): (b"7", b" 7 ", b"7.0", b"7.5", b"1\\2", b"9" * 12, b""),
    ("Rows", "US"): (b"\x07\0", b"\x07", b"\x07\0\x08\0", b""),
    ("StationName", "SH"): (
        b"MR1 ", b"A\\B ", b" A", b"\x1b$B", b"M\xfcller", b"a~b", b"a\0b", b"\0",
    ),
    ("ImageType", "CS"): (b"A\\B\\C ", b"\\", b" A \\ B ", b"\xff"),
    ("StudyInstanceUID", "UI"): (b"1.2\0", b"1.2", b"1.2 ", b"1.2\\1.3"),
}  # fmt: skip


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize(
    ("keyword", "vr", "content"),
    [(*element, content) for element, contents in ELEMENTS.items() for content in contents],
)
def test_an_element_reads_the_same_both_ways(
    keyword: str, vr: str, content: bytes, implicit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read() -> tuple[Any, ...]:
        tag = Tag(keyword)
        element = RawDataElement(
            tag, None if implicit else vr, len(content), content, 0, implicit, True
        )
        ds = Dataset({tag: element})
        ds.set_original_encoding(implicit, True, "iso8859")
        return v.text(ds, keyword), v.texts(ds, keyword), v.numbers(ds, keyword)

    short = read()
    monkeypatch.setattr(v, "_plain", lambda element: None)
    assert read() == short


def test_a_file_that_shrank_is_refused(tmp_path: Path) -> None:
    plain = PlainPixels(
        offset=10, rows=4, columns=4, bits=16, signed=False, slope=1.0, intercept=0.0
    )
    with pytest.raises(Refused, match="truncated"):
        plain.read(io.BytesIO(bytes(20)))
