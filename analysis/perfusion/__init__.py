"""Myocardial blood flow: models, batched fit, upslope."""

from analysis.perfusion.flow import map_flow
from analysis.perfusion.models import MODELS, model_named
from analysis.perfusion.pooling import follow_regions, pool_neighbours
from analysis.perfusion.regional import RegionCurves, RegionFlow, fit_regions, region_curves
from analysis.perfusion.spill_over import (
    BESIDE_BLOOD_MM,
    blood_course,
    distance_from_cavity,
    without_spill_over,
)
from analysis.perfusion.time_axis import resample
from analysis.perfusion.upslope import map_upslope

__all__ = [
    "BESIDE_BLOOD_MM",
    "MODELS",
    "RegionCurves",
    "RegionFlow",
    "blood_course",
    "distance_from_cavity",
    "fit_regions",
    "follow_regions",
    "map_flow",
    "map_upslope",
    "model_named",
    "pool_neighbours",
    "region_curves",
    "resample",
    "without_spill_over",
]
