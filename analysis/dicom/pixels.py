"""Pixels of frames, as real values, whatever the transfer syntax, sign, depth or scale."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import ImplicitVRLittleEndian

from analysis.dicom import values as v
from analysis.dicom.facts import HeaderFacts
from analysis.dicom.plain import largest_value
from analysis.dicom.refusals import Refused
from analysis.domain import Floats

_FLOAT_ELEMENTS = ("FloatPixelData", "DoubleFloatPixelData")


def frame_values(
    file: IO[bytes],
    facts: HeaderFacts,
    frames: Sequence[int],
    *,
    physical: bool = False,
) -> Iterator[tuple[int, Floats, float, float]]:
    """(frame, (H, W) float32 values, slope, largest possible value) of some frames of one object.

    Modality rescale is applied; slope is its slope. ``physical``: a RealWorldValueMapping, where
    present, instead. Plain pixels (``facts.plain``) are read without a decoder.

    Raises:
        Refused: the pixels cannot be decoded.
    """
    if facts.plain is not None:
        yield 0, *facts.plain.read(file)
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds = dcmread(file, force=True)
            if not getattr(ds.file_meta, "TransferSyntaxUID", None):
                ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
            for index, stored in _stored(ds, facts, frames):
                shared, own = _groups(ds, index)
                slope, intercept = _scale(ds, shared, own, physical)
                ceiling = _ceiling(ds, facts, slope, intercept)
                real = stored.astype(np.float64) * slope + intercept
                yield index, real.astype(np.float32), slope, ceiling
    except Refused:
        raise
    except Exception as error:  # decoders raise almost anything on hostile bytes
        raise Refused("bad-pixels", type(error).__name__) from error


def _stored(
    ds: Dataset, facts: HeaderFacts, frames: Sequence[int]
) -> Iterator[tuple[int, np.ndarray]]:
    wanted = sorted(set(frames))
    if any(element in ds for element in _FLOAT_ELEMENTS):
        whole = ds.pixel_array.reshape(-1, facts.rows, facts.columns)
        for index in wanted:
            yield index, whole[index]
        return
    decoded = iter_pixels(ds, indices=wanted, raw=True)
    for index, array in zip(wanted, decoded, strict=True):
        if array.shape != (facts.rows, facts.columns):
            raise Refused("bad-dimensions", f"a decoded frame of {array.shape}")
        if facts.photometric == "MONOCHROME1":
            array = _ceiling(ds, facts) - array.astype(np.float64)
        yield index, array


def _groups(ds: Dataset, index: int) -> tuple[Dataset, Dataset]:
    per_frame = v.items(ds, "PerFrameFunctionalGroupsSequence")
    own = per_frame[index] if index < len(per_frame) else Dataset()
    return v.first_item(ds, "SharedFunctionalGroupsSequence"), own


def _scale(ds: Dataset, shared: Dataset, own: Dataset, physical: bool) -> tuple[float, float]:
    if physical:
        for holder in (own, shared, ds):
            item = v.first_item(holder, "RealWorldValueMappingSequence")
            slope = v.number(item, "RealWorldValueSlope")
            if slope:
                return slope, v.number(item, "RealWorldValueIntercept") or 0.0
    for holder in (own, shared):
        item = v.first_item(holder, "PixelValueTransformationSequence")
        slope = v.number(item, "RescaleSlope")
        if slope:
            return slope, v.number(item, "RescaleIntercept") or 0.0
    return v.number(ds, "RescaleSlope") or 1.0, v.number(ds, "RescaleIntercept") or 0.0


def is_scaled(file: IO[bytes]) -> bool:
    """Does the header say how stored values become physical ones (other than by one)?"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = dcmread(file, stop_before_pixels=True, force=True)
        shared, own = _groups(ds, 0)
        slope = _scale(ds, shared, own, physical=True)
    return slope != (1.0, 0.0)


def _ceiling(ds: Dataset, facts: HeaderFacts, slope: float = 1.0, intercept: float = 0.0) -> float:
    if any(element in ds for element in _FLOAT_ELEMENTS):
        return float("inf")
    signed = (v.integer(ds, "PixelRepresentation") or 0) == 1
    return largest_value(facts.bits_stored, signed, slope, intercept)
