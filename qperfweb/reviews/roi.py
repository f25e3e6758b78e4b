"""A region drawn by hand on a slice: its curve and its flow, measured on the server. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from analysis.sectors import polygon_mask
from qperfweb.core.errors import Invalid
from qperfweb.runs.bundles import Bundle, open_bundle
from qperfweb.runs.models import AnalysisRun

from .recompute import slice_document


def measure_roi(
    run: AnalysisRun, slice_key: str, polygon_rc: Sequence[Sequence[float]]
) -> dict[str, Any]:
    """Pixels, area, flow and mean curves of the pixels whose centre lies inside the polygon.

    mean and sd are over the pixels with a valid value of the slice's quantity (ml/min/g, or
    relative upslope where flow is not measured); both None where there is none, sd below two.

    Raises Invalid when the polygon holds no pixel centre, NotFound when the run has no such slice.
    """
    piece = slice_document(run, slice_key)
    _, height, width = piece["shape"]
    points = tuple((float(row), float(column)) for row, column in polygon_rc)
    inside = polygon_mask(points, (height, width))
    if not inside.any():
        raise Invalid("The region holds no pixel of the image.", field="polygon_rc")
    bundle = open_bundle(settings.STORE_DIR, run.bundle_sha256)
    quantity = _quantity(run, slice_key)
    values = _inside(bundle, f"{slice_key}.{quantity}", inside)
    valid = values[np.isfinite(values)]
    # Both curves over the same pixels, or their difference would not be the residual.
    measured = inside.copy()
    if valid.size:
        measured[inside] = np.isfinite(values)
    spacing = piece["geometry"]["pixel_spacing_mm"]
    return {
        "slice": slice_key,
        "pixels": int(inside.sum()),
        "valid_pixels": int(valid.size),
        "area_mm2": float(inside.sum() * spacing[0] * spacing[1]),
        "quantity": "mbf" if quantity == "mbf" else "relative_upslope",
        "mean": float(valid.mean()) if valid.size else None,
        "sd": float(valid.std(ddof=1)) if valid.size > 1 else None,
        "time_s": piece["time_s"],
        "gd": _curve(bundle, f"{slice_key}.gd_mmol_per_l", measured),
        "fit": _curve(bundle, f"{slice_key}.gd_fit", measured),
    }


def _quantity(run: AnalysisRun, slice_key: str) -> str:
    for acquisition in (run.document or {})["acquisitions"]:
        if any(piece["key"] == slice_key for piece in acquisition["slices"]):
            return "mbf" if acquisition["quantity"] == "mbf" else "relative_upslope"
    return "mbf"


def _inside(bundle: Bundle, key: str, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    if key not in bundle:
        return np.full(int(inside.sum()), np.nan)
    return np.asarray(bundle.values(key)[..., inside], dtype=np.float64)


def _curve(bundle: Bundle, key: str, inside: NDArray[np.bool_]) -> list[float | None]:
    """Mean over the pixels that have a value, per frame; None where none has."""
    if key not in bundle:
        return []
    values = _inside(bundle, key, inside)
    there = np.isfinite(values)
    count = there.sum(axis=1)
    total = np.where(there, values, 0).sum(axis=1)
    return [float(t / n) if n else None for t, n in zip(total, count, strict=True)]
