"""Concepts and their codes, in one place; docs/conformance.md lists them.

What no standard scheme has is coded under ``99QPERF``.
"""

from __future__ import annotations

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

PRIVATE = "99QPERF"

BLOOD_FLOW = codes.DCM.AbsoluteRegionalBloodFlow
FLOW_ERROR = Code("MBF_SE", PRIVATE, "Standard error of absolute regional blood flow")
AUTOMATED_FLOW = Code("MBF_AUTO", PRIVATE, "Absolute regional blood flow as first automated")
UPSLOPE = Code("REL_UPSLOPE", PRIVATE, "Upslope relative to that of the blood pool")
UPSLOPE_ERROR = Code("REL_UPSLOPE_SE", PRIVATE, "Standard error of the relative upslope")
AUTOMATED_UPSLOPE = Code("REL_UPSLOPE_AUTO", PRIVATE, "Relative upslope as first automated")
RESERVE = Code("MPR", PRIVATE, "Myocardial perfusion reserve")
RESERVE_ERROR = Code("MPR_SE", PRIVATE, "Standard error of myocardial perfusion reserve")
RESERVE_INDEX = Code("MPRI", PRIVATE, "Myocardial perfusion reserve index (of upslopes)")

FLOW_UNIT = Code("mL/min/g", "UCUM", "mL/min/g")
RATIO_UNIT = Code("1", "UCUM", "no units")

ORIGIN = Code("ORIGIN", PRIVATE, "Origin of the value")
ORIGINS = {
    "automated": codes.DCM.AutomatedDataCollection,
    "contour": Code("FROM_EDITED", PRIVATE, "Measured in contours edited by the observer"),
    "typed": Code("ENTERED", PRIVATE, "Entered by observer"),
    "excluded": Code("NON_DIAGNOSTIC", PRIVATE, "Marked non-diagnostic by the observer"),
}
DERIVED_FROM_TYPED = Code("FROM_ENTERED", PRIVATE, "Derived from a value entered by observer")
NOT_MEASURED = Code("NOT_MEASURED", PRIVATE, "Not measured")

VISUAL_SCORE = Code("VISUAL_SCORE", PRIVATE, "Visual perfusion score")
SCORES = {
    0: Code("SCORE_0", PRIVATE, "Normal perfusion"),
    1: Code("SCORE_1", PRIVATE, "Equivocal perfusion"),
    2: Code("SCORE_2", PRIVATE, "Subendocardial perfusion defect"),
    3: Code("SCORE_3", PRIVATE, "Transmural perfusion defect"),
}
SCAR = Code("SCAR", PRIVATE, "Transmurality of scar")
SCARS = {
    "0": Code("SCAR_0", PRIVATE, "No scar"),
    "1-25": Code("SCAR_25", PRIVATE, "Scar in 1-25 % of the wall"),
    "26-50": Code("SCAR_50", PRIVATE, "Scar in 26-50 % of the wall"),
    "51-75": Code("SCAR_75", PRIVATE, "Scar in 51-75 % of the wall"),
    "76-100": Code("SCAR_100", PRIVATE, "Scar in 76-100 % of the wall"),
}
SUMMED_STRESS = Code("SSS", PRIVATE, "Summed stress score")
SUMMED_REST = Code("SRS", PRIVATE, "Summed rest score")
SUMMED_DIFFERENCE = Code("SDS", PRIVATE, "Summed difference score")
BURDEN = Code("BURDEN", PRIVATE, "Ischaemic burden by eye, share of the left ventricle")
CORRECTED_REST = Code("MBF_REST_RPP", PRIVATE, "Rest blood flow at the reference rate pressure")
CORRECTED_RESERVE = Code("MPR_RPP", PRIVATE, "Perfusion reserve over rate-pressure corrected rest")
STRESS_ADEQUACY = Code("STRESS_ADEQUACY", PRIVATE, "Stress adequacy as judged by the reader")
ADEQUACY = {
    "adequate": Code("ADEQUATE", PRIVATE, "Adequate"),
    "doubtful": Code("DOUBTFUL", PRIVATE, "Doubtful"),
    "not_assessable": Code("NOT_ASSESSABLE", PRIVATE, "Not assessable"),
}
PERCENT = Code("%", "UCUM", "%")

STRESS_STATE = Code("109091", "DCM", "Cardiac Stress State")
CONDITIONS = {
    "stress": Code("432655005", "SCT", "Cardiac Stress State"),
    "rest": Code("128975004", "SCT", "Resting State"),
    "unknown": Code("UNKNOWN", PRIVATE, "Stress or rest not known"),
}
PROCEDURE = Code("241620005", "SCT", "MRI of heart")
FAMILY = codes.DCM.ArtificialIntelligence

ANATOMY = Code("123037004", "SCT", "Anatomical structure")
HEART = Code("80891009", "SCT", "Heart")
LEFT_VENTRICLE = Code("87878005", "SCT", "Left ventricle")
MYOCARDIUM = Code("74281007", "SCT", "Myocardium")
RIGHT_VENTRICLE = Code("53085002", "SCT", "Right ventricle")

_SEGMENTS = {
    1: ("264850008", "left ventricle basal anterior segment"),
    2: ("396482007", "left ventricle basal anteroseptal segment"),
    3: ("396646008", "left ventricle basal inferoseptal segment"),
    4: ("264846001", "left ventricle basal inferior segment"),
    5: ("396652009", "left ventricle basal inferolateral segment"),
    6: ("396654005", "left ventricle basal anterolateral segment"),
    7: ("264848000", "left ventricle mid anterior segment"),
    8: ("396647004", "left ventricle mid anteroseptal segment"),
    9: ("396649001", "left ventricle mid inferoseptal segment"),
    10: ("264847005", "left ventricle mid inferior segment"),
    11: ("396655006", "left ventricle mid inferolateral segment"),
    12: ("396656007", "left ventricle mid anterolateral segment"),
    13: ("264844003", "left ventricle apical anterior segment"),
    14: ("264845002", "left ventricle apical septal segment"),
    15: ("264849008", "left ventricle apical inferior segment"),
    16: ("264853005", "left ventricle apical lateral segment"),
}
SEGMENTS = {number: Code(value, "SCT", meaning) for number, (value, meaning) in _SEGMENTS.items()}
"""AHA segment -> SNOMED CT (CID 3717)."""
