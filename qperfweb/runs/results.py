"""Turn a result document into rows that people can search, compare and sign."""

from __future__ import annotations

from typing import Any

from .models import AnalysisRun, GlobalResult, SegmentResult, SliceResult


def store_results(run: AnalysisRun, document: dict[str, Any]) -> None:
    """Write slices, segments and globals of a finished run; once, inside its final transaction."""
    for acquisition in document["acquisitions"]:
        key, condition = acquisition["key"], acquisition["condition"]
        GlobalResult.objects.create(
            site_id=run.site_id,
            run=run,
            condition=condition,
            acquisition=key,
            sequence_class=acquisition["sequence"],
            mbf_ml_per_min_per_g=acquisition.get("global_mbf_ml_per_min_per_g"),
            standard_error=acquisition.get("global_standard_error"),
            aif_peak_mmol_per_l=(acquisition.get("aif") or {}).get("peak_mmol_per_l"),
            flags=acquisition.get("flags", []),
        )
        SliceResult.objects.bulk_create(
            _slice_row(run, condition, piece) for piece in acquisition["slices"]
        )
        SegmentResult.objects.bulk_create(
            _segment_row(run, key, condition, segment)
            for piece in acquisition["slices"]
            for segment in piece["segments"]
        )


def all_flags(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every flag of a document with its acquisition, its slice and an id that stays within the run.

    Two flags of one code at one place are told apart by their order.
    """
    found: list[dict[str, Any]] = []

    def add(flags: list[dict[str, Any]], where: str, **place: str | None) -> None:
        for flag in flags:
            segment = flag.get("segment")
            name = f"{where}:{flag['code']}" + (f":{segment}" if segment else "")
            alike = [known for known in found if known["id"].split("#")[0] == name]
            if any(known["message"] == flag["message"] for known in alike):
                continue
            name = f"{name}#{len(alike) + 1}" if alike else name
            found.append({"acquisition": None, "slice": None, **flag, "id": name, **place})

    add(document.get("flags", []), "study")
    for acquisition in document["acquisitions"]:
        key = acquisition["key"]
        add(acquisition.get("flags", []), key, acquisition=key)
        add((acquisition.get("aif") or {}).get("flags", []), f"{key}:aif", acquisition=key)
        for piece in acquisition["slices"]:
            place = {"acquisition": key, "slice": piece["key"]}
            add(piece.get("flags", []), piece["key"], **place)
            for segment in piece["segments"]:
                flags = [{**f, "segment": segment["segment"]} for f in segment.get("flags", [])]
                add(flags, piece["key"], **place)
    return found


def _slice_row(run: AnalysisRun, condition: str, piece: dict[str, Any]) -> SliceResult:
    return SliceResult(
        site_id=run.site_id,
        run=run,
        key=piece["key"],
        condition=condition,
        position=piece["position"],
        contours=piece.get("contours"),
        uncertainty=piece.get("uncertainty"),
        out_of_distribution=piece.get("out_of_distribution"),
        segment_to_check=piece.get("segment_to_check"),
        flags=piece.get("flags", []),
    )


def _segment_row(
    run: AnalysisRun, acquisition: str, condition: str, segment: dict[str, Any]
) -> SegmentResult:
    return SegmentResult(
        site_id=run.site_id,
        run=run,
        condition=condition,
        acquisition=acquisition,
        segment=segment["segment"],
        mbf_ml_per_min_per_g=segment["mbf_ml_per_min_per_g"],
        standard_error=segment["standard_error"],
        endo=segment["endo"],
        epi=segment["epi"],
        upslope=segment["upslope"],
        uncertainty=segment["uncertainty"],
        pixels=segment["pixels"],
        valid_pixels=segment["valid_pixels"],
        not_measured_reason=segment.get("not_measured_reason") or "",
        flags=segment.get("flags", []),
    )
