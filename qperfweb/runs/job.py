"""What goes into a run's child process and what comes out: plain values, no heavy imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class AnalysisJob:
    """Everything that a run needs, as plain values that cross a process border.

    objects: content-addressed files of the study.
    facts: what intake read in their headers, by file; the others are read again.
    series_corrections: what people set by hand, by Series Instance UID.
    import_rules: the site's own, tried before the general ones.
    parameters: fields of analysis.config.PipelineConfig that differ from its defaults.
    """

    store: Path
    study_instance_uid: str
    objects: tuple[Path, ...]
    facts: Mapping[Path, Mapping[str, Any]] = field(default_factory=dict)
    series_corrections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    import_rules: tuple[Mapping[str, Any], ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AnalysisOutcome:
    """What a finished run hands back: the result document and the name of its bundle."""

    document: dict[str, Any]
    bundle_sha256: str
