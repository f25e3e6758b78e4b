"""Numbers of edited contours, from the run's stored arrays. NumPy only; the web process does this.

The same function that measured the automated contours (``analysis.sectors.measure_slice``)
measures the edited ones, on the same arrays, with the options that the run recorded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings

from analysis.sectors import (
    MeasureOptions,
    contours_from_json,
    geometry_from_json,
    maps_from_arrays,
    measure_slice,
    measurement_to_json,
)
from qperfweb.core.errors import Invalid, NotFound
from qperfweb.runs.bundles import open_bundle
from qperfweb.runs.models import AnalysisRun

MEASURED_ARRAYS = (
    "mbf", "mbf_se", "quality", "relative_upslope", "gd_mmol_per_l", "gd_fit", "corrected",
)  # fmt: skip


def measure_contours(
    run: AnalysisRun, slice_key: str, contours: Mapping[str, Any]
) -> dict[str, Any]:
    """Segments, outlines and curves of one slice of a run under these contours.

    Raises Invalid when the contours are no contours of this slice, NotFound when the run has none.
    """
    text = json.dumps(contours, sort_keys=True)
    piece = slice_document(run, slice_key)
    return _measure(run.bundle_sha256, slice_key, text, json.dumps(piece["measured_with"]))


def slice_document(run: AnalysisRun, slice_key: str) -> dict[str, Any]:
    """The part of the result document about one slice. Raises NotFound."""
    for acquisition in run.document["acquisitions"] if run.document else ():
        for piece in acquisition["slices"]:
            if piece["key"] == slice_key:
                found: dict[str, Any] = piece
                return found
    raise NotFound(f"This result has no slice “{slice_key}”.")


def check_contours(run: AnalysisRun, slice_key: str, contours: Mapping[str, Any]) -> dict[str, Any]:
    """Contours as they will be kept; Invalid where they lie outside the image or are no polygon."""
    piece = slice_document(run, slice_key)
    try:
        found = contours_from_json(contours)
    except (ValueError, TypeError, KeyError) as error:
        raise Invalid(f"{error}.", field="contours") from None
    _, height, width = piece["shape"]
    points = [*found.epi_rc, *(found.endo_rc or ()), found.lv_centre_rc]
    if not all(-1 <= row <= height and -1 <= column <= width for row, column in points):
        raise Invalid("The contour leaves the image.", field="contours")
    kept = {name: contours.get(name) for name in _CONTOUR_FIELDS}
    return json.loads(json.dumps(kept))


_CONTOUR_FIELDS = (
    "endo_rc", "epi_rc", "rv_insertion_anterior_rc", "rv_insertion_inferior_rc", "lv_centre_rc",
)  # fmt: skip


@lru_cache(maxsize=512)
def _measure(
    bundle_sha256: str, slice_key: str, contours: str, measured_with: str
) -> dict[str, Any]:
    bundle = open_bundle(settings.STORE_DIR, bundle_sha256)
    arrays = {
        name: bundle.values(f"{slice_key}.{name}")
        for name in MEASURED_ARRAYS
        if f"{slice_key}.{name}" in bundle
    }
    how = json.loads(measured_with)
    base_to_apex = how.get("base_to_apex")
    measurement = measure_slice(
        contours_from_json(json.loads(contours)),
        maps_from_arrays(arrays),
        position=how["position"],
        geometry=geometry_from_json(how["geometry"]),
        base_to_apex=tuple(base_to_apex) if base_to_apex else None,
        options=MeasureOptions(**how["options"]),
    )
    return measurement_to_json(measurement)
