"""What contours do to numbers: flow and insertion points, automatic against true contours.

Frozen patients go through the whole pipeline as DICOM. On the map that it made, the true contours,
carried into the corrected series, are measured by the same function as the automatic ones.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from analysis.config import PipelineConfig
from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.domain import Doubles, Floats, Point, Polygon, SliceContours
from analysis.evaluation.fine_grid import FineAgreement, compare_contours_finely
from analysis.evaluation.many_segments import AROUND, LAYERS, segment_means
from analysis.evaluation.segmentation_metrics import dice
from analysis.phantom import write_dicom
from analysis.phantom.frozen import FrozenCase, frozen_cases
from analysis.phantom.population import Tier
from analysis.phantom.values import SliceTruth
from analysis.sectors import (
    SliceMaps,
    SliceMeasurement,
    contours_from_json,
    geometry_from_json,
    maps_from_arrays,
    measure_slice,
    rasterise_labels,
)

WHOLE_FRAMES_STEP: Final = 4


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One slice measured twice on one map.

    True contours are those of the anatomy that breathing brings into the slice in the median of its
    frames (``SliceTruth.seen_contours``); resting_*: by those of the slice without breathing.
    segments: AHA number to (with true, with automatic contours), ml/min/g, NaN where not measured.
    insertion_deg: angle between automatic and true insertion, anterior and inferior, seen from the
    ventricle's own centre; NaN where either is missing. fine: agreement on the published grid of
    1 mm, None without contours. fermi: (3, 48) Fermi flow of 48 segments as it is, by true and by
    automatic contours. uncertainty: U. maps: for drawing.
    """

    case: FrozenCase
    segments: dict[int, tuple[float, float]]
    insertion_deg: tuple[float, float]
    dice_myocardium: float
    dice_lv: float
    fine: FineAgreement | None
    resting_segments: dict[int, tuple[float, float]]
    resting_fine: FineAgreement | None
    fermi: Doubles
    uncertainty: float
    flagged: bool
    true_contours: SliceContours
    contours: SliceContours | None
    maps: SliceMaps

    @property
    def whole(self) -> tuple[float, float]:
        """Mean over the segments that both have."""
        return _whole(self.segments)

    @property
    def resting_whole(self) -> tuple[float, float]:
        return _whole(self.resting_segments)


def _whole(segments: dict[int, tuple[float, float]]) -> tuple[float, float]:
    pairs = np.array(list(segments.values())).reshape(-1, 2)
    both = np.isfinite(pairs).all(axis=1)
    if not both.any():
        return float("nan"), float("nan")
    true, found = pairs[both].mean(axis=0)
    return float(true), float(found)


def compare_contours(tier: Tier = "standard", count: int | None = None) -> Iterator[Compared]:
    """All cases of a frozen tier; single-sequence ones have contours but no flow."""
    for case in frozen_cases(tier)[:count]:
        yield compare_case(case)


def compare_case(case: FrozenCase) -> Compared:
    """Simulate, analyse and measure one case with both contours."""
    from analysis.dicom import classify, load_exam, read_objects
    from analysis.pipeline import analyse

    simulated = case.simulate()
    truth = simulated.acquisitions[0].slices[0].truth
    config = PipelineConfig(other_models=("fermi",))
    with tempfile.TemporaryDirectory(prefix="qperf-contours-") as folder:
        write_dicom(simulated, Path(folder))
        objects, _ = read_objects([Path(folder)])
        exam = load_exam(objects, classify([found.facts for found in objects]))
    result = analyse(exam, config=config)
    piece = next(iter(result.document["acquisitions"][0]["slices"]))
    arrays = result.arrays[piece["key"]]
    still = ~np.asarray(arrays["is_pd"], dtype=bool)
    spacing_mm = _spacing_mm(piece)
    true_contours, resting = (
        carry_contours(one, truth.displacement_px[still], arrays["displacement_px"][still])
        for one in (truth.seen_contours, truth.contours)
    )
    found = None if piece["contours"] is None else contours_from_json(piece["contours"])
    maps = maps_from_arrays(arrays)
    by_truth, by_resting = (_measure(one, maps, piece) for one in (true_contours, resting))
    by_answer = None if found is None else _measure(found, maps, piece)
    return Compared(
        case=case,
        segments=_pairs(by_truth, by_answer),
        insertion_deg=_insertion_errors(true_contours, found, piece),
        dice_myocardium=_overlap(true_contours, found, maps.shape, MYOCARDIUM),
        dice_lv=_overlap(true_contours, found, maps.shape, LV_CAVITY),
        fine=_finely(true_contours, found, maps.shape, spacing_mm),
        resting_segments=_pairs(by_resting, by_answer),
        resting_fine=_finely(resting, found, maps.shape, spacing_mm),
        fermi=_fermi(
            truth, true_contours, found, maps_from_arrays(arrays, model="fermi").mbf, spacing_mm
        ),
        uncertainty=float("nan") if piece["uncertainty"] is None else piece["uncertainty"],
        flagged=bool(piece["out_of_distribution"]),
        true_contours=true_contours,
        contours=found,
        maps=maps,
    )


def _finely(
    truth: SliceContours,
    found: SliceContours | None,
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
) -> FineAgreement | None:
    return None if found is None else compare_contours_finely(truth, found, shape, spacing_mm)


def carry_contours(
    contours: SliceContours, true_px: NDArray[Any], found_px: NDArray[Any]
) -> SliceContours:
    """Contours without breathing as they lie in the corrected series.

    true_px, found_px: (T, 2, H, W); a point x of the reference is at x + true(t, x) in frame t,
    which shows at y where y + found(t, y) is the same place. The median over frames counts.
    """
    frames = slice(None, None, WHOLE_FRAMES_STEP)
    true, found = true_px[frames].astype(np.float32), found_px[frames].astype(np.float32)

    def polygon(points: Polygon) -> Polygon:
        moved = _carry(np.array(points, dtype=np.float64), true, found)
        return tuple((float(row), float(column)) for row, column in moved)

    def point(place: Point | None) -> Point | None:
        return None if place is None else polygon((place,))[0]

    centre = polygon((contours.lv_centre_rc,))[0]
    return replace(
        contours,
        endo_rc=None if contours.endo_rc is None else polygon(contours.endo_rc),
        epi_rc=polygon(contours.epi_rc),
        rv_insertion_anterior_rc=point(contours.rv_insertion_anterior_rc),
        rv_insertion_inferior_rc=point(contours.rv_insertion_inferior_rc),
        lv_centre_rc=centre,
    )


def _carry(points: Doubles, true: Floats, found: Floats) -> Doubles:
    places = []
    for there, here in zip(true, found, strict=True):
        target = points + _at(there, points)
        place = target - _at(here, target)
        places.append(target - _at(here, place))
    return np.asarray(np.median(places, axis=0))


def _at(field: Floats, points: Doubles) -> Doubles:
    return np.stack(
        [ndimage.map_coordinates(part, points.T, order=1, mode="nearest") for part in field], axis=1
    ).astype(np.float64)


def _fermi(
    truth: SliceTruth,
    true_contours: SliceContours,
    found: SliceContours | None,
    measured: NDArray[Any] | None,
    spacing_mm: tuple[float, float],
) -> Doubles:
    """Flow (3, 48) as it is, by true and by automatic contours on one map; NaN without a map."""
    table = np.full((3, AROUND * LAYERS), np.nan)
    if measured is None or found is None:
        return table
    table[0] = segment_means(truth.mbf_ml_per_min_per_g, truth.contours, spacing_mm)
    table[1] = segment_means(measured, true_contours, spacing_mm)
    table[2] = segment_means(measured, found, spacing_mm)
    return table


def _spacing_mm(piece: dict[str, Any]) -> tuple[float, float]:
    rows, columns = piece["measured_with"]["geometry"]["pixel_spacing_mm"]
    return float(rows), float(columns)


def _measure(contours: SliceContours, maps: SliceMaps, piece: dict[str, Any]) -> SliceMeasurement:
    axis = piece["measured_with"]["base_to_apex"]
    return measure_slice(
        contours,
        maps,
        position=piece["position"],
        geometry=geometry_from_json(piece["measured_with"]["geometry"]),
        base_to_apex=None if axis is None else (axis[0], axis[1], axis[2]),
    )


def _pairs(
    truth: SliceMeasurement, answer: SliceMeasurement | None
) -> dict[int, tuple[float, float]]:
    found = {} if answer is None else {s.segment: s.mbf for s in answer.segments}

    def number(value: float | None) -> float:
        return float("nan") if value is None else value

    return {s.segment: (number(s.mbf), number(found.get(s.segment))) for s in truth.segments}


def _insertion_errors(
    truth: SliceContours, answer: SliceContours | None, piece: dict[str, Any]
) -> tuple[float, float]:
    spacing = np.array(_spacing_mm(piece))
    errors = []
    for name in ("rv_insertion_anterior_rc", "rv_insertion_inferior_rc"):
        ends = [None if one is None else getattr(one, name) for one in (truth, answer)]
        if answer is None or ends[0] is None or ends[1] is None:
            errors.append(float("nan"))
            continue
        angles = [
            np.arctan2(*((np.array(end) - np.array(one.lv_centre_rc)) * spacing))
            for end, one in zip(ends, (truth, answer), strict=True)
        ]
        turned = np.degrees(angles[1] - angles[0])
        errors.append(float(abs((turned + 180) % 360 - 180)))
    return errors[0], errors[1]


def _overlap(
    truth: SliceContours, answer: SliceContours | None, shape: tuple[int, int], label: int
) -> float:
    expected = rasterise_labels(truth, shape) == label
    if answer is None:
        return 0.0
    return dice(rasterise_labels(answer, shape) == label, expected)
