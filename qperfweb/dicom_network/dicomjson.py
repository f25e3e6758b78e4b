"""DICOM JSON (PS3.18 F): headers of stored files, and the attributes that queries answer with."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Mapping
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement

from analysis.dicom.inspection import read_header, syntax_of

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


def metadata(one: Held, address: str) -> Json:
    """The header of a held object. ``address``: its own, for references to bulk data.

    An element that cannot be said in JSON is left out: what strangers sent must not keep the rest
    of a study from being shown.
    """
    with one.path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = read_header(file)
        at_pixels = file.read(6)
        found: Json = {}
        for tag in list(ds.keys()):
            try:
                element = ds[tag]
                found[f"{element.tag:08X}"] = _json(element, address)
            except Exception:  # pydicom raises almost anything on hostile values
                continue
    if len(at_pixels) == 6:
        group, number = struct.unpack("<HH", at_pixels[:4])
        if group == 0x7FE0:
            vr = at_pixels[4:6].decode("latin-1") if at_pixels[4:6].isalpha() else "OW"
            name = f"{group:04X}{number:04X}"
            found[name] = {"vr": vr, "BulkDataURI": f"{address}/bulkdata/{name}"}
    found["00083002"] = {"vr": "UI", "Value": [syntax_of(ds) or "1.2.840.10008.1.2"]}
    return dict(sorted(found.items()))


def _json(element: DataElement, address: str) -> Json:
    name = f"{element.tag:08X}"
    value: Json = element.to_json_dict(
        bulk_data_threshold=INLINE_BYTES,
        bulk_data_element_handler=lambda _: f"{address}/bulkdata/{name}",
    )
    return value
