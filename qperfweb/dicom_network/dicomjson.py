"""DICOM JSON (PS3.18 F): headers of stored files, and the attributes that queries answer with."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Collection, Mapping
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from analysis.dicom.inspection import (
    BIG_ENDIAN,
    DEFLATED,
    IMPLICIT_LITTLE,
    read_header,
    syntax_of,
)

from .holdings import Held

Json = dict[str, Any]

INLINE_BYTES = 1024
"""Longer binary values are named by a BulkDataURI."""


def attributes(values: Mapping[str, Any]) -> Json:
    """Attributes by keyword as DICOM JSON; None and "" become attributes without a value."""
    found: Json = {}
    for keyword, value in values.items():
        tag = tag_for_keyword(keyword)
        assert tag is not None, keyword
        vr = dictionary_VR(tag)
        many = value if isinstance(value, list) else [value]
        many = [one for one in many if one not in (None, "")]
        if vr == "PN":
            many = [{"Alphabetic": one} for one in many]
        found[f"{tag:08X}"] = {"vr": vr, "Value": many} if many else {"vr": vr}
    return dict(sorted(found.items()))


def metadata(one: Held, address: str, *, only: Collection[str] | None = None) -> Json:
    """The header of a held object.

    address: its own, for references to bulk data. only: tags of the elements that are wanted.

    An element that cannot be said in JSON is left out: what strangers sent must not keep the rest
    of a study from being shown.
    """
    with one.path.open("rb") as file:
        ds = read_header(file)
        at_pixels = file.read(6)
    syntax = syntax_of(ds) or IMPLICIT_LITTLE
    # Binary values are little endian in JSON: of big endian objects they are fetched, rewritten.
    longest = 0 if syntax == BIG_ENDIAN else INLINE_BYTES
    found = _elements(ds, f"{address}/bulkdata", longest, only)
    if "00080005" in found:
        found["00080005"] = {"vr": "CS", "Value": ["ISO_IR 192"]}  # JSON is UTF-8
    name, vr = _pixel_element(at_pixels, syntax)
    if name == "" and syntax == DEFLATED and one.rows:
        name, vr = "7FE00010", "OW"
    if name and only is None:
        found[name] = {"vr": vr, "BulkDataURI": f"{address}/bulkdata/{name}"}
    if only is None:
        found["00083002"] = {"vr": "UI", "Value": [syntax]}
    return dict(sorted(found.items()))


def _pixel_element(head: bytes, syntax: str) -> tuple[str, str]:
    """Tag and VR of what begins with these six bytes; "" where it is no pixel data."""
    if len(head) < 6:
        return "", ""
    group, number = struct.unpack(">HH" if syntax == BIG_ENDIAN else "<HH", head[:4])
    vr = head[4:6].decode("latin-1") if head[4:6].isalpha() else "OW"
    return (f"{group:04X}{number:04X}", vr) if group == 0x7FE0 else ("", "")


def _elements(ds: Dataset, place: str, longest: int, only: Collection[str] | None = None) -> Json:
    """place: address under which binary values of this dataset are found."""
    found: Json = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for tag in list(ds.keys()):
            if only is not None and f"{tag:08X}" not in only:
                continue
            try:
                element = ds[tag]
                found[f"{element.tag:08X}"] = _json(element, place, longest)
            except Exception:  # pydicom raises almost anything on hostile values
                continue
    return found


def _json(element: DataElement, place: str, longest: int) -> Json:
    name = f"{element.tag:08X}"
    if element.VR == "SQ":
        items = [
            _elements(item, f"{place}/{name}/{number}", longest)
            for number, item in enumerate(element.value, start=1)
        ]
        return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
    value: Json = element.to_json_dict(
        bulk_data_threshold=longest, bulk_data_element_handler=lambda _: f"{place}/{name}"
    )
    numbers = [one for one in value.get("Value", ()) if isinstance(one, float)]
    return value if all(map(math.isfinite, numbers)) else {"vr": value["vr"]}  # JSON has no NaN
