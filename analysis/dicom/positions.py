"""Which slice is basal, mid, apical: from the planes; from names where geometry does not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.constants import POSITIONS
from analysis.dicom.stacks import Stack
from analysis.dicom.words import says_long_axis, says_position
from analysis.domain import Doubles, Position
from analysis.quality import Flag

BASE_TO_APEX_LPS: Final = np.array([0.62, -0.60, -0.51])
"""The usual long axis of the left ventricle: from the base to the left, forward and down."""
_LEAST_COSINE: Final = 0.5
"""Short-axis planes lie within 60 degrees of the usual ones; else names decide."""
_PARALLEL_COS: Final = float(np.cos(np.deg2rad(25.0)))
_SAME_PLACE_MM: Final = 5.0


@dataclass(frozen=True)
class Placing:
    """Which stacks stand for which position, by their index.

    order: the short-axis stacks from base to apex; left_out: why a stack has no position.
    """

    order: tuple[int, ...]
    positions: dict[int, Position]
    left_out: dict[int, str]
    flags: tuple[Flag, ...]


def plane_of(stack: Stack) -> tuple[Doubles, Doubles] | None:
    """(normal, centre) of a stack in patient coordinates, None without geometry."""
    for p in stack.frames:
        f = p.frame
        if f.position_mm and f.orientation:
            row, column = np.array(f.orientation[:3]), np.array(f.orientation[3:])
            spacing = f.spacing_mm or (1.0, 1.0)
            centre = (
                np.array(f.position_mm)
                + row * spacing[1] * (p.facts.columns - 1) / 2
                + column * spacing[0] * (p.facts.rows - 1) / 2
            )
            return np.cross(row, column), centre
    return None


def place(stacks: Sequence[Stack]) -> Placing:
    """Positions of the slices of one injection, by index into ``stacks``."""
    flags: list[Flag] = []
    names = [_name_of(stack) for stack in stacks]
    short_axis, left_out = _short_axis_only(stacks)
    order, certain = _from_base_to_apex(stacks, short_axis, names)
    if not certain and len(order) > 1:
        flags.append(
            Flag(
                code="slice-order-assumed",
                message="The headers do not say which slice is nearer to the base; the order of "
                "their positions was taken.",
            )
        )
    named = [names[i] for i in order]
    labels = _labels(named)
    for i, label in zip(order, labels, strict=True):
        if label is None:
            left_out[i] = "an additional slice between those that stand for basal, mid and apical"
    positions = {i: label for i, label in zip(order, labels, strict=True) if label is not None}
    if len(order) != 3 and any(names[i] is None for i in order):
        found = "One slice was" if len(order) == 1 else f"{len(order)} slices were"
        taken = ", ".join(positions.values())
        flags.append(
            Flag(code="positions-assumed", message=f"{found} found unnamed: taken for {taken}.")
        )
    contradicted = [i for i, p in positions.items() if names[i] not in (None, p)]
    if contradicted:
        flags.append(
            Flag(
                code="position-contradicts-name",
                message="The names of the slices contradict the order of their planes; the planes "
                "were followed.",
            )
        )
    return Placing(tuple(order), positions, left_out, tuple(flags))


def _name_of(stack: Stack) -> Position | None:
    """The position that every series of the stack names; a series of several slices names none."""
    said = set()
    for p in stack.frames[:: max(1, len(stack.frames) // 8)]:
        facts = p.facts
        said.add(
            says_position(facts.series_description)
            or says_position(p.frame.comments)
            or says_position(facts.protocol_name)
        )
    # Only words of Position are collected; mypy sees plain texts.
    return said.pop() if len(said) == 1 else None  # type: ignore[return-value]


def _short_axis_only(stacks: Sequence[Stack]) -> tuple[list[int], dict[int, str]]:
    """Stacks parallel to most others; a long-axis perfusion slice is left out."""
    left_out: dict[int, str] = {}
    for i, stack in enumerate(stacks):
        if says_long_axis(stack.frames[0].facts.series_description):
            left_out[i] = "a long-axis slice, which the segment model does not cover"
    rest = [i for i in range(len(stacks)) if i not in left_out]
    planes = {i: plane_of(stacks[i]) for i in rest}
    normals = {i: plane[0] for i, plane in planes.items() if plane}
    if len(normals) > 2:
        like = {
            i: sum(abs(float(n @ m)) > _PARALLEL_COS for m in normals.values())
            for i, n in normals.items()
        }
        for i, count in like.items():
            if count < max(like.values()):
                left_out[i] = "its plane is not parallel to the short-axis slices"
    return [i for i in rest if i not in left_out], left_out


def _from_base_to_apex(
    stacks: Sequence[Stack], chosen: list[int], names: list[Position | None]
) -> tuple[list[int], bool]:
    """Indices from base to apex and whether that order is certain."""
    planes = {i: plane_of(stacks[i]) for i in chosen}
    found = {i: plane for i, plane in planes.items() if plane}
    if len(found) == len(chosen) and chosen:
        normal = found[chosen[0]][0]
        cosine = float(normal @ BASE_TO_APEX_LPS)
        along = {i: float(plane[1] @ normal) * np.sign(cosine) for i, plane in found.items()}
        if abs(cosine) >= _LEAST_COSINE:
            return sorted(chosen, key=lambda i: along[i]), True
    ranks = [POSITIONS.index(name) if name else None for name in (names[i] for i in chosen)]
    if None not in ranks and len(set(ranks)) == len(ranks):
        return [i for _, i in sorted(zip(ranks, chosen, strict=True))], True
    if len(found) == len(chosen) and chosen:
        return sorted(chosen, key=lambda i: along[i]), False
    locations = {i: _location(stacks[i]) for i in chosen}
    return sorted(chosen, key=lambda i: locations[i]), False


def _location(stack: Stack) -> tuple[float, ...]:
    p = stack.frames[0]
    return (p.frame.in_stack or 0, p.frame.slice_location or 0.0, p.facts.series_number or 0)


def _labels(named: list[Position | None]) -> list[Position | None]:
    """A position for each slice in order from base to apex."""
    count = len(named)
    ranks = [POSITIONS.index(name) for name in named if name]
    if len(ranks) == count and ranks == sorted(set(ranks)):
        return named
    if count == 1:
        return [named[0] or "mid"]
    if count == 2:
        return ["basal", "mid"]
    picks = {0: "basal", count // 2: "mid", count - 1: "apical"}
    if count > 3:  # the ends of a long stack lie outside the left ventricle's segments
        parts = (1 / 6, 1 / 2, 5 / 6)
        picks = {int(count * x): p for x, p in zip(parts, POSITIONS, strict=True)}
    # The picks are words of Position; mypy sees plain texts.
    return [picks.get(i) for i in range(count)]  # type: ignore[misc]


def matched(reference: Sequence[tuple[Stack, Position]], stack: Stack) -> Position | None:
    """Position of the reference slice that lies in the same place, None where none does."""
    own = plane_of(stack)
    if own is None:
        return None
    best: tuple[float, Position | None] = (_SAME_PLACE_MM, None)
    for other, position in reference:
        plane = plane_of(other)
        if plane and abs(float(plane[0] @ own[0])) > _PARALLEL_COS:
            distance = abs(float((plane[1] - own[1]) @ plane[0]))
            if distance < best[0]:
                best = (distance, position)
    return best[1]
