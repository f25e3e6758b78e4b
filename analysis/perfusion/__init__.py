"""Myocardial blood flow: models, batched fit, upslope, perfusion reserve."""

from analysis.perfusion.flow import map_flow
from analysis.perfusion.models import MODELS, model_named
from analysis.perfusion.time_axis import resample

__all__ = ["MODELS", "map_flow", "model_named", "resample"]
