"""How sure each slice's contours are, and which slices are unlike a heart."""

from __future__ import annotations

from dataclasses import replace

from analysis.config import PipelineConfig
from analysis.constants import MYOCARDIUM
from analysis.domain import Segmentation
from analysis.quality import Flag
from analysis.uncertainty import Evidence, doubt_from, evidence, slice_uncertainty
from analysis.work import AcquisitionWork, SliceWork


def judge_uncertainty(work: AcquisitionWork, config: PipelineConfig) -> None:
    """Uncertainty per segment and slice; a flag in words where a slice is to be doubted."""
    for part in work.slices:
        if part.segmentation is None or part.measurement is None:
            continue
        shape = part.segmentation.uncertainty.shape
        wedges = part.measurement.wedges
        part.uncertainty = slice_uncertainty(
            part.segmentation.uncertainty,
            part.measurement.labels == MYOCARDIUM,
            wedges.segment_at(wedges.angles_of((shape[0], shape[1]))),
            pixel_spacing_mm=part.source.geometry.pixel_spacing_mm,
            least_certainty=config.least_certainty,
        )
        doubt = doubt_from(_evidence(part, part.segmentation))
        if doubt.doubtful or part.uncertainty.out_of_distribution:
            part.uncertainty = replace(part.uncertainty, out_of_distribution=True)
            part.flags.append(
                Flag(
                    code="out-of-distribution",
                    message="This slice is unlike those that the network knows: "
                    f"{doubt.in_words}; check the view, the motion correction and the contours.",
                )
            )


def _evidence(part: SliceWork, segmentation: Segmentation) -> Evidence:
    series = part.corrected if part.gd is None else part.gd
    return evidence(
        series[part.used],
        part.source.time_s[part.used],
        segmentation.probabilities,
        segmentation.uncertainty,
        pixel_spacing_mm=part.source.geometry.pixel_spacing_mm,
    )
