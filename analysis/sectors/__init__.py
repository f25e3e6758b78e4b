"""AHA segments from contours and maps. NumPy only: the web process recomputes edits with it.

The way in is `measure_slice`; `documents` reads and writes what result.json holds of it.
"""

from analysis.sectors.aggregate import GlobalMeasurement, measure_global
from analysis.sectors.blood import pixels_of_blood
from analysis.sectors.documents import (
    contours_from_json,
    contours_to_json,
    geometry_from_json,
    geometry_to_json,
    maps_from_arrays,
    measurement_to_json,
    view_to_json,
)
from analysis.sectors.error import common_error
from analysis.sectors.measure import measure_slice
from analysis.sectors.raster import polygon_centroid, polygon_mask, rasterise_labels
from analysis.sectors.values import (
    MeasureOptions,
    SegmentMeasurement,
    SliceMaps,
    SliceMeasurement,
)
from analysis.sectors.view import (
    StandardView,
    base_to_apex_axis,
    display_matrix,
    standard_view,
    world_mm,
)
from analysis.sectors.wedges import (
    ApicalRule,
    Outline,
    Wedges,
    rasterise_segments,
    segment_outlines,
    slice_wedges,
)

__all__ = [
    "ApicalRule",
    "GlobalMeasurement",
    "MeasureOptions",
    "Outline",
    "SegmentMeasurement",
    "SliceMaps",
    "SliceMeasurement",
    "StandardView",
    "Wedges",
    "base_to_apex_axis",
    "common_error",
    "contours_from_json",
    "contours_to_json",
    "display_matrix",
    "geometry_from_json",
    "geometry_to_json",
    "maps_from_arrays",
    "measure_global",
    "measure_slice",
    "measurement_to_json",
    "pixels_of_blood",
    "polygon_centroid",
    "polygon_mask",
    "rasterise_labels",
    "rasterise_segments",
    "segment_outlines",
    "slice_wedges",
    "standard_view",
    "view_to_json",
    "world_mm",
]
