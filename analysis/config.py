"""What a person may choose about an analysis; everything else is the pipeline's own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from analysis.constants import DEFAULT_HAEMATOCRIT, DEFAULT_TISSUE_DENSITY_G_PER_ML
from analysis.errors import BadInput

FlowModel = Literal["btex", "fermi", "2cxm", "one-compartment", "patlak"]
FLOW_MODELS: Final = ("btex", "fermi", "2cxm", "one-compartment", "patlak")
FlowEstimate = Literal["regional", "pixelwise"]
FLOW_ESTIMATES: Final = ("regional", "pixelwise")
APICAL_RULES: Final = ("aha", "at-insertion")


@dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    """Choices that change numbers; recorded with every result.

    model: flow model of the map.
    other_models: models mapped and measured beside it, for comparison; about 0.3 s a slice each.
    flow_estimate: "regional": the level of the map in the wall comes from the median curves of the
        segments, its detail from pixels pooled with their neighbours; "pixelwise": every pixel by
        itself, as published maps are made, with their bias (docs/validation/end_to_end.md).
    haematocrit: fraction; scales PS and volumes, not MBF. tissue_density_g_per_ml: of all models.
    agent: contrast agent instead of the header's.
    apical_rule: where segment 14 begins, 15 degrees past the insertion (AHA) or at it.
    common_error_at_rest, common_error_fraction: error that all segments share (input function,
        conversion, what the fit cannot tell), of the value, at resting and at high flow; about the
        root mean square errors of global flow on simulated exams (docs/validation/end_to_end.md).
    boundary_sd_mm: usual error of a contour.
    least_certainty: 1 - U below this marks a slice as out of distribution.
    second_motion_pass: correct motion again around the heart once it is found.
    segmentation_version: of the network; None is the newest.
    excluded_frames: frames left out by a reader, by slice key ("stress_mid").
    aif_excluded_frames: the same for the input function, by acquisition key ("stress").
    aif_lv_polygons_rc: blood pool drawn by a reader on the AIF images, by acquisition key.
    """

    model: FlowModel = "btex"
    other_models: Sequence[FlowModel] = ()
    flow_estimate: FlowEstimate = "regional"
    haematocrit: float = DEFAULT_HAEMATOCRIT
    tissue_density_g_per_ml: float = DEFAULT_TISSUE_DENSITY_G_PER_ML
    agent: str | None = None
    apical_rule: Literal["aha", "at-insertion"] = "aha"
    common_error_at_rest: float = 0.1
    common_error_fraction: float = 0.25
    boundary_sd_mm: float = 0.5
    least_certainty: float = 0.80
    second_motion_pass: bool = True
    segmentation_version: str | None = None
    excluded_frames: Mapping[str, Sequence[int]] = field(default_factory=dict)
    aif_excluded_frames: Mapping[str, Sequence[int]] = field(default_factory=dict)
    aif_lv_polygons_rc: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises BadInput, naming the field, where a value has no meaning."""
        if self.model not in FLOW_MODELS:
            raise BadInput(f"The flow model must be one of {', '.join(FLOW_MODELS)}.")
        others = list(self.other_models)
        if not set(others) <= set(FLOW_MODELS) or len({self.model, *others}) <= len(others):
            raise BadInput(
                f"Other models must be different ones of {', '.join(FLOW_MODELS)}, and not the "
                "main model."
            )
        if self.flow_estimate not in FLOW_ESTIMATES:
            raise BadInput(f"The flow estimate must be one of {', '.join(FLOW_ESTIMATES)}.")
        if self.apical_rule not in APICAL_RULES:
            raise BadInput(f"The apical rule must be one of {', '.join(APICAL_RULES)}.")
        for name, low, high in (
            ("haematocrit", 0.1, 0.75),
            ("tissue_density_g_per_ml", 0.9, 1.2),
            ("common_error_at_rest", 0.0, 1.0),
            ("common_error_fraction", 0.0, 1.0),
            ("boundary_sd_mm", 0.0, 10.0),
            ("least_certainty", 0.0, 1.0),
        ):
            if not low <= getattr(self, name) <= high:
                raise BadInput(f"{name} must lie between {low} and {high}.")

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return document

    def digest(self) -> str:
        """SHA-256 of all choices: equal choices, equal digest."""
        return hashlib.sha256(
            json.dumps(self.to_json(), sort_keys=True, separators=(",", ":")).encode()
        ).hexdigest()
