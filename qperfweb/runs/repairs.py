"""What a person changes about an analysis: checked, made into a child run, and said in words.

The parent run stays as it is; the child takes its parameters over and differs in what was changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from analysis.config import PipelineConfig
from analysis.constants import DEFAULT_HAEMATOCRIT
from analysis.errors import BadInput
from analysis.quality import FrameStatus
from analysis.sectors import polygon_mask
from qperfweb.core.errors import Invalid
from qperfweb.runs.flow_models import model_in_words
from qperfweb.studies.models import Study

from . import services
from .bundles import open_bundle
from .models import AnalysisRun, RunPurpose, RunState

FEWEST_FRAMES = 10
"""Fewer used frames than this hold no first pass."""

FEWEST_POOL_PIXELS = 4
"""A blood pool smaller than this is noise."""

_USABLE = (FrameStatus.USED, FrameStatus.LEFT_OUT_BY_READER)

MODELS = ("model", "other_models")

BY_KEY = ("excluded_frames", "aif_excluded_frames", "aif_lv_polygons_rc")
"""Parameters that name a slice or an acquisition each."""


@transaction.atomic
def run_repair(
    study: Study,
    *,
    user: Any,
    parent: AnalysisRun | None,
    changes: Mapping[str, Any],
    reason: str,
) -> AnalysisRun:
    """A child run of ``parent`` (None: the newest) with these changes; none repeats it.

    Raises Invalid where a change names what the parent has not or leaves too little to analyse,
    RunNotPossible where an analysis is under way.
    """
    parent = parent or study.runs.order_by("-id").first()
    changed = {**changes, **_merged(parent, changes)}
    _check_models(parent, changed)
    if set(BY_KEY) & set(changes) and not reason.strip():
        raise Invalid("Give a reason.", field="reason")
    if "haematocrit" in changes:
        study.haematocrit = changes["haematocrit"]
        study.save(update_fields=["haematocrit"])
    return services.run_request(
        study,
        purpose=purpose_of(changes),
        user=user,
        changes=changed,
        parent=parent,
        reason=reason.strip(),
    )


def purpose_of(changes: Mapping[str, Any]) -> RunPurpose:
    """Why a run with these changes is made; what changes every number comes first."""
    if "aif_lv_polygons_rc" in changes or "aif_excluded_frames" in changes:
        return RunPurpose.AIF_EDITED
    if "excluded_frames" in changes:
        return RunPurpose.FRAMES_LEFT_OUT
    return RunPurpose.PARAMETERS if changes else RunPurpose.REPEATED


def parameters_of(run: AnalysisRun) -> dict[str, Any]:
    """What of a run's parameters a reader can change, with what holds where nobody did."""
    pipeline = run.parameters.get("pipeline", {})
    return {
        "haematocrit": pipeline.get("haematocrit", DEFAULT_HAEMATOCRIT),
        "haematocrit_assumed": "haematocrit" not in pipeline,
        "other_models": list(pipeline.get("other_models", ())),
        **{name: pipeline.get(name, {}) for name in BY_KEY},
    }


def words_of(run: AnalysisRun) -> list[str]:
    """How a run's parameters differ from its parent's, one sentence each."""
    if run.parent is None:
        return []
    now, before = parameters_of(run), parameters_of(run.parent)
    words = []
    if now["other_models"] != before["other_models"]:
        beside = ", ".join(map(model_in_words, now["other_models"])) or "no model"
        words.append(f"Flow computed beside the main model: {beside}")
    if now["haematocrit"] != before["haematocrit"]:
        words.append(f"Haematocrit {now['haematocrit']:g} instead of {before['haematocrit']:g}")
    elif now["haematocrit_assumed"] != before["haematocrit_assumed"]:
        words.append(f"Haematocrit {now['haematocrit']:g} confirmed")
    for key in _changed(now, before, "aif_lv_polygons_rc"):
        drawn = key in now["aif_lv_polygons_rc"]
        what = "drawn by hand" if drawn else "found by the analysis again"
        words.append(f"Arterial input of {_name(key)}: blood pool {what}")
    for key in _changed(now, before, "aif_excluded_frames"):
        frames = _frames(now["aif_excluded_frames"].get(key, ()))
        words.append(f"Arterial input of {_name(key)}: {frames}")
    for key in _changed(now, before, "excluded_frames"):
        words.append(f"{_name(key).capitalize()}: {_frames(now['excluded_frames'].get(key, ()))}")
    return words


def _merged(parent: AnalysisRun | None, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes that go by key, laid over those of the parent."""
    merged = {}
    for name in BY_KEY:
        if name not in changes:
            continue
        if parent is None or parent.state != RunState.SUCCEEDED or parent.document is None:
            raise Invalid("There is no result to repair yet.", field="parent")
        both = {**parent.parameters.get("pipeline", {}).get(name, {})}
        for key, value in changes[name].items():
            both.pop(key, None)
            if value:
                both[key] = _CHECKS[name](parent, key, value)
        merged[name] = both
    return merged


def _check_models(parent: AnalysisRun | None, changed: Mapping[str, Any]) -> None:
    """Raises Invalid where the models of the map and beside it are not all different."""
    wanted = {**(parent.parameters.get("pipeline", {}) if parent else {}), **changed}
    try:
        PipelineConfig(**{name: wanted[name] for name in MODELS if name in wanted})
    except BadInput as error:
        raise Invalid(str(error), field="other_models") from error


def _checked_frames(run: AnalysisRun, key: str, frames: list[int]) -> list[int]:
    for acquisition in (run.document or {})["acquisitions"]:
        for piece in acquisition["slices"]:
            if piece["key"] == key:
                usable = [status in _USABLE for status in piece["frame_status"]]
                return _left_out(frames, usable, "excluded_frames")
    raise Invalid(f"This result has no slice \u201c{key}\u201d.", field="excluded_frames")


def _checked_aif_frames(run: AnalysisRun, key: str, frames: list[int]) -> list[int]:
    shape = _aif_shape(run, key, "aif_excluded_frames")
    return _left_out(frames, [True] * shape[-3], "aif_excluded_frames")


def _left_out(frames: list[int], usable: list[bool], field: str) -> list[int]:
    kept = sorted(set(frames))
    if kept[-1] >= len(usable):
        raise Invalid(f"There is no frame {kept[-1] + 1}.", field=field)
    left = sum(usable) - sum(usable[frame] for frame in kept)
    if left < FEWEST_FRAMES:
        raise Invalid(f"At least {FEWEST_FRAMES} frames have to stay.", field=field)
    return kept


def _checked_polygon(run: AnalysisRun, key: str, polygon: list[list[float]]) -> list[list[float]]:
    field = "aif_lv_polygons_rc"
    *_, height, width = _aif_shape(run, key, field)
    inside = all(-1 <= row <= height and -1 <= column <= width for row, column in polygon)
    if len(polygon) < 3 or not inside:
        raise Invalid("The drawn blood pool leaves the image.", field=field)
    points = tuple((row, column) for row, column in polygon)
    if polygon_mask(points, (height, width)).sum() < FEWEST_POOL_PIXELS:
        raise Invalid("The drawn blood pool is too small.", field=field)
    return polygon


def _aif_shape(run: AnalysisRun, key: str, field: str) -> list[int]:
    bundle = open_bundle(settings.STORE_DIR, run.bundle_sha256)
    name = f"{key}_aif.signal"
    if name not in bundle:
        raise Invalid(
            f"This result has no arterial input images of \u201c{key}\u201d.", field=field
        )
    shape: list[int] = bundle.entries[name]["shape"]
    return shape


_CHECKS = {
    "excluded_frames": _checked_frames,
    "aif_excluded_frames": _checked_aif_frames,
    "aif_lv_polygons_rc": _checked_polygon,
}


def _changed(now: Mapping[str, Any], before: Mapping[str, Any], name: str) -> list[str]:
    keys = sorted({*now[name], *before[name]})
    return [key for key in keys if now[name].get(key) != before[name].get(key)]


def _frames(frames: list[int]) -> str:
    if not frames:
        return "all frames used again"
    numbers = ", ".join(str(frame + 1) for frame in frames)
    return f"frame{'s' if len(frames) > 1 else ''} {numbers} left out"


def _name(key: str) -> str:
    return key.replace("_", " ")
