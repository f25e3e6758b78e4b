"""Contours, geometry and measurements as plain JSON values, and back.

Floats survive the round trip exactly, so numbers recomputed from a stored document are
bit-identical to the first ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.domain import Doubles, Point, Polygon, SliceContours, SliceGeometry
from analysis.sectors.values import SliceMaps, SliceMeasurement
from analysis.sectors.view import StandardView, display_matrix


def contours_to_json(contours: SliceContours) -> dict[str, object]:
    def points(polygon: Polygon | None) -> list[list[float]] | None:
        return None if polygon is None else [list(point) for point in polygon]

    def point(value: Point | None) -> list[float] | None:
        return None if value is None else list(value)

    return {
        "endo_rc": points(contours.endo_rc),
        "epi_rc": points(contours.epi_rc),
        "rv_insertion_anterior_rc": point(contours.rv_insertion_anterior_rc),
        "rv_insertion_inferior_rc": point(contours.rv_insertion_inferior_rc),
        "lv_centre_rc": list(contours.lv_centre_rc),
    }


def contours_from_json(document: Mapping[str, Any]) -> SliceContours:
    """Inverse of `contours_to_json`.

    Raises ValueError where a polygon has under three points, a number is not finite, or the
    epicardium or the centre is missing.
    """

    def point(value: Any) -> Point | None:
        if value is None:
            return None
        row, column = (float(number) for number in value)
        if not np.isfinite([row, column]).all():
            raise ValueError("A contour point is not a finite number")
        return row, column

    def polygon(value: Any) -> Polygon | None:
        if value is None:
            return None
        points = tuple(found for found in map(point, value) if found is not None)
        if len(points) < 3:
            raise ValueError("A contour needs at least three points")
        return points

    epi, centre = polygon(document.get("epi_rc")), point(document.get("lv_centre_rc"))
    if epi is None or centre is None:
        raise ValueError("Contours need an epicardial polygon and an LV centre")
    return SliceContours(
        endo_rc=polygon(document.get("endo_rc")),
        epi_rc=epi,
        rv_insertion_anterior_rc=point(document.get("rv_insertion_anterior_rc")),
        rv_insertion_inferior_rc=point(document.get("rv_insertion_inferior_rc")),
        lv_centre_rc=centre,
    )


def geometry_to_json(geometry: SliceGeometry) -> dict[str, object]:
    return {
        "position_mm": list(geometry.position_mm),
        "row_direction": list(geometry.row_direction),
        "column_direction": list(geometry.column_direction),
        "pixel_spacing_mm": list(geometry.pixel_spacing_mm),
        "thickness_mm": geometry.thickness_mm,
        "assumed": geometry.assumed,
    }


def geometry_from_json(document: Mapping[str, Any]) -> SliceGeometry:
    """Inverse of `geometry_to_json`; keys it does not know are ignored."""

    def triple(key: str) -> tuple[float, float, float]:
        x, y, z = (float(number) for number in document[key])
        return x, y, z

    row_spacing, column_spacing = (float(number) for number in document["pixel_spacing_mm"])
    return SliceGeometry(
        position_mm=triple("position_mm"),
        row_direction=triple("row_direction"),
        column_direction=triple("column_direction"),
        pixel_spacing_mm=(row_spacing, column_spacing),
        thickness_mm=float(document.get("thickness_mm", 8.0)),
        assumed=bool(document.get("assumed", False)),
    )


def view_to_json(view: StandardView, shape: tuple[int, int]) -> dict[str, object]:
    """How to turn a slice into the standard view for display; edges are "" where not known."""
    edges = {edge: view.edge_letters.get(edge, "") for edge in ("top", "right", "bottom", "left")}
    return {
        "matrix": list(display_matrix(view, shape)),
        "edges": edges,
        "mirrored": view.mirrored,
        "assumed": view.assumed,
    }


def maps_from_arrays(arrays: Mapping[str, NDArray[Any]], *, model: str | None = None) -> SliceMaps:
    """What `measure_slice` needs from a slice's stored arrays (names of the slice NPZ).

    ``model``: one that was mapped beside the main one; it has flow but no fitted curves. A map that
    is stored as all NaN (no flow in a single sequence, no Gd) counts as absent.
    """

    def found(name: str) -> NDArray[Any] | None:
        array = arrays.get(name)
        return array if array is not None and np.isfinite(array).any() else None

    suffix = "" if model is None else f"_{model}"
    return SliceMaps(
        mbf=found(f"mbf{suffix}"),
        mbf_se=found(f"mbf_se{suffix}"),
        quality=arrays.get(f"quality{suffix}"),
        relative_upslope=found("relative_upslope"),
        gd=found("gd_mmol_per_l"),
        gd_fit=found("gd_fit") if model is None else None,
        signal=arrays.get("corrected"),
    )


def measurement_to_json(measurement: SliceMeasurement) -> dict[str, Any]:
    """The part of result.json's slice that follows from its contours."""

    def numbers(curve: Doubles | None) -> list[float | None] | None:
        if curve is None:
            return None
        return [round(float(v), 5) if np.isfinite(v) else None for v in curve]

    return {
        "segments": [
            {
                **segment.to_json(),
                "outline_rc": [list(p) for p in measurement.outlines[segment.segment].polygon_rc],
                "label_rc": list(measurement.outlines[segment.segment].label_rc),
            }
            for segment in measurement.segments
        ],
        "curves": {
            "unit": measurement.curve_unit,
            "segments": [
                {
                    "segment": segment.segment,
                    "measured": numbers(measurement.curves.get(segment.segment)),
                    "fitted": numbers(measurement.fitted.get(segment.segment)),
                }
                for segment in measurement.segments
            ],
        },
    }
