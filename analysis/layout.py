"""What the pipeline starts with: a name for every acquisition and slice, choices applied."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from analysis.config import PipelineConfig
from analysis.constants import POSITIONS
from analysis.domain import Acquisition, Exam
from analysis.quality import FrameStatus
from analysis.sectors import base_to_apex_axis
from analysis.work import AcquisitionWork, SliceWork

LEAST_FRAMES: Final = 8
"""In fewer frames no passage of a bolus can be seen."""


def lay_out(exam: Exam, config: PipelineConfig) -> list[AcquisitionWork]:
    """The work of an exam: keys by condition and position, slices from base to apex.

    A frame that a reader left out is marked before any stage sees it.
    """
    works: list[AcquisitionWork] = []
    for acquisition in exam.acquisitions:
        key = _unused(acquisition.condition, [work.key for work in works])
        slices: list[SliceWork] = []
        ordered = sorted(acquisition.slices, key=lambda part: POSITIONS.index(part.position))
        for images in ordered:
            name = _unused(f"{key}_{images.position}", [part.key for part in slices])
            status = images.frame_status.copy()
            left_out = [t for t in config.excluded_frames.get(name, ()) if 0 <= t < len(status)]
            status[left_out] = FrameStatus.LEFT_OUT_BY_READER
            part = SliceWork(key=name, source=replace(images, frame_status=status))
            part.flags.extend(images.flags)
            if acquisition.sequence != "map" and part.used.sum() < LEAST_FRAMES:
                part.lose(
                    f"Only {part.used.sum()} images of this slice can be used, too few to see the "
                    "passage of a bolus."
                )
            slices.append(part)
        source = _with_agent(acquisition, config)
        works.append(
            AcquisitionWork(
                key=key,
                source=source,
                slices=slices,
                flags=list(acquisition.flags),
                base_to_apex=_long_axis(slices),
            )
        )
    return works


def _with_agent(acquisition: Acquisition, config: PipelineConfig) -> Acquisition:
    if config.agent is None:
        return acquisition
    aif = acquisition.aif
    return replace(
        acquisition,
        protocol=replace(acquisition.protocol, agent=config.agent),
        aif=None
        if aif is None
        else replace(aif, protocol=replace(aif.protocol, agent=config.agent)),
    )


def _long_axis(slices: list[SliceWork]) -> tuple[float, float, float] | None:
    """Base-to-apex axis from the outermost of the slices that have different positions."""
    places = [part.source for part in slices]
    if len({source.position for source in places}) < 2:
        return None
    return base_to_apex_axis(places[0].geometry, places[-1].geometry)


def _unused(name: str, taken: list[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
