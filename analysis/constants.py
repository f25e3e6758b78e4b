"""Names and constants of the field that more than one stage uses, with their sources."""

from typing import Final

PIPELINE_VERSION: Final = "0.4.0"
RESULT_SCHEMA: Final = "qperf-result-1"

INTERNAL_DT_S: Final = 0.5
"""Step of the resampled time grid (Xue 2020b)."""

DEFAULT_HAEMATOCRIT: Final = 0.42
DEFAULT_TISSUE_DENSITY_G_PER_ML: Final = 1.0

POSITIONS: Final = ("basal", "mid", "apical")
SEGMENTS_OF_POSITION: Final = {
    "basal": (1, 2, 3, 4, 5, 6),
    "mid": (7, 8, 9, 10, 11, 12),
    "apical": (13, 14, 15, 16),
}
SEGMENT_NAMES: Final = {
    1: "BasAnt", 2: "BasAntSep", 3: "BasInfSep", 4: "BasInf", 5: "BasInfLat", 6: "BasAntLat",
    7: "MidAnt", 8: "MidAntSep", 9: "MidInfSep", 10: "MidInf", 11: "MidInfLat", 12: "MidAntLat",
    13: "ApAnt", 14: "ApSep", 15: "ApInf", 16: "ApLat",
}  # fmt: skip
TERRITORY_OF_SEGMENT: Final = {
    **dict.fromkeys((1, 2, 7, 8, 13, 14), "LAD"),
    **dict.fromkeys((3, 4, 9, 10, 15), "RCA"),
    **dict.fromkeys((5, 6, 11, 12, 16), "LCx"),
}
"""AHA-16 model and coronary territories (Cerqueira 2002)."""

BACKGROUND, LV_CAVITY, MYOCARDIUM, RV_CAVITY = 0, 1, 2, 3
"""Label values of every label array."""
