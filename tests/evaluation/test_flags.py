"""What flags foretell is counted against the truth, exam by exam."""

import numpy as np
import pytest

from analysis.evaluation.flags import doubts_of, judge
from analysis.quality import PixelQuality


def flag(severity):
    return {"code": "odd", "message": "Odd.", "severity": severity, "segment": None}


def acquisition():
    def segment(number, mbf):
        return {"segment": number, "mbf_ml_per_min_per_g": mbf, "pixels": 8, "valid_pixels": 6,
                "flags": [flag("check")] if number == 8 else []}  # fmt: skip

    piece = {
        "key": "stress_mid",
        "flags": [flag("information")],
        "segments": [segment(7, 2.4), segment(8, 1.2), segment(9, 1.2), segment(10, None)],
        "flow_methods": [
            {
                "segment": 7,
                "regional_mbf_ml_per_min_per_g": 2.4,
                "pixelwise_mbf_ml_per_min_per_g": 1.2,
            }
        ],
    }
    return {
        "condition": "stress",
        "slices": [piece],
        "flags": [flag("invalid")],
        "aif": {"flags": [flag("check")]},
    }


def test_a_segment_is_judged_by_its_distance_from_the_exam_s_own_level():
    segments = np.repeat([7, 8, 9, 10], 8).reshape(4, 8)
    quality = np.zeros((4, 8), np.uint8)
    quality[0, :2] = PixelQuality.ON_BOUND
    maps = {"stress_mid": {"segments": segments, "quality": quality}}
    first, second, third = judge(acquisition(), dict.fromkeys((7, 8, 9, 10), 1.0), maps)
    assert (first.error, second.error, third.error) == pytest.approx((np.log(2), 0.0, 0.0))
    assert (first.bound, second.bound, first.valid) == (0.25, 0.0, 0.75)
    assert first.apart == pytest.approx(np.log(2))
    assert np.isnan(second.apart)


def test_flags_for_information_wait_for_nobody():
    assert doubts_of({"flags": [], "acquisitions": [acquisition()]}) == 3
