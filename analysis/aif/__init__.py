"""The arterial input function: blood pools, curve, features, doubts."""

from analysis.aif.blood_pools import agree_on_pools, detect_blood_pools
from analysis.aif.from_slice import aif_from_slice
from analysis.aif.measure import measure_aif

__all__ = ["agree_on_pools", "aif_from_slice", "detect_blood_pools", "measure_aif"]
