"""From the stacks of one injection to its plan: common clock, start of time, roles, echoes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from analysis.constants import POSITIONS
from analysis.dicom import values
from analysis.dicom.clock import CLOCKS, moments, runs
from analysis.dicom.labels import FEWEST_TIME_POINTS
from analysis.dicom.partition import Injection
from analysis.dicom.plan import AcquisitionPlan, FrameRef, StackPlan
from analysis.dicom.stacks import Stack, mark_pd, retimed
from analysis.dicom.vendors import Role
from analysis.domain import Doubles, Position, SequenceClass
from analysis.quality import Flag

NOMINAL: Final = "nominal-interval"
_ONE_BEAT_S: Final = 0.1
"""Echoes of one beat follow each other within milliseconds, beats within a third of a second."""


@dataclass
class Draft:
    """One injection between its parts and its plan."""

    injection: Injection
    slices: list[Stack]
    aif: list[Stack]
    sequence: SequenceClass
    positions: dict[int, Position] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)


def plan_of(draft: Draft) -> AcquisitionPlan:
    used = [(draft.slices[i], p) for i, p in sorted(draft.positions.items())]
    used.sort(key=lambda pair: POSITIONS.index(pair[1]))
    stacks = [stack for stack, _ in used] + draft.aif
    times, clock, flags = _common_clock(stacks)
    roles = [mark_pd(stack) for stack in stacks]
    zero = _zero(draft, stacks, times, roles)
    plans = [
        _stack_plan(stack, t - zero, r, clock or (stack.clock.name if stack.clock else ""))
        for stack, t, r in zip(stacks, times, roles, strict=True)
    ]
    slices = tuple(
        replace(plan, position=position) for plan, (_, position) in zip(plans, used, strict=False)
    )
    doubled = [p for p, n in Counter(s.position for s in slices).items() if n > 1]
    if doubled:
        flags.append(
            Flag(
                code="position-twice",
                message=f"More than one slice is called {', '.join(map(str, doubled))}; set the "
                "positions by hand.",
            )
        )
    started = values.iso(zero) if clock in ("frame-datetime", "acquisition-time") else ""
    span = draft.injection.span
    return AcquisitionPlan(
        condition=draft.injection.condition,
        sequence=draft.sequence,
        slices=slices,
        aif=_joined_aif(plans[len(used) :]),
        started_at=started or values.iso(span[0] if span else None),
        heart_rate_bpm=_heart_rate(plans, stacks, clock),
        flags=(*draft.flags, *flags),
    )


def _common_clock(stacks: list[Stack]) -> tuple[list[Doubles], str, list[Flag]]:
    """Times of every stack by one clock that runs for all; else each its own from zero."""
    for name in CLOCKS:
        found = [moments([p.frame for p in stack.good], name) for stack in stacks]
        if found and all(runs(t, name) and np.isfinite(t).all() for t in found):
            return [retimed(s, t, name) for s, t in zip(stacks, found, strict=True)], name, []
    own = [stack.clock for stack in stacks]
    names = {clock.name for clock in own if clock}
    times = []
    for stack, clock in zip(stacks, own, strict=True):
        assert clock is not None  # every ordered stack has one
        shift = clock.times_s[0] if len(names) > 1 and len(clock.times_s) else 0.0
        times.append(retimed(stack, clock.times_s - shift, clock.name))
    flags = []
    if len(names) > 1:
        flags.append(
            Flag(
                code="clocks-mixed",
                message="The slices have different clocks; each was counted from its first frame.",
            )
        )
    return times, names.pop() if len(names) == 1 else "", flags


def _zero(
    draft: Draft, stacks: list[Stack], times: list[Doubles], roles: list[list[Role]]
) -> float:
    """The first SR frame of the arterial input, else of the earliest slice."""
    first = []
    for stack, t, role in zip(stacks, times, roles, strict=True):
        is_aif = any(stack is a for a in draft.aif)
        if not draft.aif or is_aif:
            first += [float(x) for x, r in zip(t, role, strict=True) if r != "pd"][:1]
    return min(first, default=0.0)


def _stack_plan(stack: Stack, times: Doubles, roles: list[Role], clock: str) -> StackPlan:
    uids = Counter(p.facts.series_instance_uid for p in stack.frames)
    main = uids.most_common(1)[0][0]
    ruled = [p.rule for p in stack.frames if p.rule]
    family = stack.family if stack.family != "image" else "sr"
    return StackPlan(
        role=family,  # type: ignore[arg-type]  # a family is a role
        position=None,
        series_instance_uid=main,
        series_instance_uids=tuple(uids),
        frames=tuple(
            FrameRef(
                sop_instance_uid=p.facts.sop_instance_uid,
                frame=p.frame.index,
                time_s=round(float(t), 6),
                # The families that are left are roles.
                role=role if stack.family in ("image", "aif") else family,  # type: ignore[arg-type]
                status=status,
            )
            for p, t, role, status in zip(stack.frames, times, roles, stack.status, strict=True)
        ),
        clock=clock,
        scale=ruled[0].scale if ruled and stack.family in ("gd", "aif_gd", "map") else 1.0,
        flags=tuple(stack.flags),
    )


def _joined_aif(plans: list[StackPlan]) -> StackPlan | None:
    """One plan for up to two echoes: frames of the first echo, then of the second."""
    if not plans:
        return None
    chosen = plans[:2]
    if len(chosen) == 2:
        chosen = _paired(*chosen) or [max(chosen, key=lambda plan: len(plan.frames))]
    flags = list(chosen[0].flags)
    if len(chosen) < len(plans):
        flags.append(
            Flag(
                code="aif-echo-left-out",
                message=f"Of {len(plans)} echoes {len(chosen)} could be used: the images of the "
                "others do not go with them.",
            )
        )
    elif len(chosen) == 2:
        lost = max(len(plan.frames) for plan in plans) - len(chosen[0].frames)
        if lost:
            flags.append(
                Flag(
                    code="aif-echo-incomplete",
                    message=f"{lost} images of one echo have no partner in the other and are not "
                    "used.",
                )
            )
    frames = tuple(
        replace(frame, echo=echo) for echo, plan in enumerate(chosen) for frame in plan.frames
    )
    uids = dict.fromkeys(uid for plan in chosen for uid in plan.series_instance_uids)
    return replace(chosen[0], frames=frames, series_instance_uids=tuple(uids), flags=tuple(flags))


def _paired(first: StackPlan, second: StackPlan) -> list[StackPlan]:
    """Two echoes with the beats that both have; empty where too few can be told to be the same."""
    times, others = (np.array([f.time_s for f in plan.frames]) for plan in (first, second))
    if len(times) == len(others) and (
        first.clock == NOMINAL or np.abs(times - others).max() < _ONE_BEAT_S
    ):
        return [first, second]
    if first.clock == NOMINAL:
        return []
    nearest = np.abs(others[None, :] - times[:, None]).argmin(axis=1)
    mine = [
        i
        for i, j in enumerate(nearest)
        if abs(others[j] - times[i]) < _ONE_BEAT_S and first.frames[i].role == second.frames[j].role
    ]
    if len(mine) < FEWEST_TIME_POINTS or len(set(nearest[mine])) < len(mine):
        return []
    return [
        replace(first, frames=tuple(first.frames[i] for i in mine)),
        replace(second, frames=tuple(second.frames[nearest[i]] for i in mine)),
    ]


def _heart_rate(plans: list[StackPlan], stacks: list[Stack], clock: str) -> float | None:
    """Beats per minute from the time axis; from the header where the axis is nominal."""
    rates = [p.facts.heart_rate_bpm for s in stacks for p in s.frames if p.facts.heart_rate_bpm]
    header = float(np.median(rates)) if rates else None
    steps = [
        float(np.median(np.diff([f.time_s for f in plan.frames if f.status == 0 and f.echo == 0])))
        for plan in plans
        if len(plan.frames) > 2 and plan.role != "map"
    ]
    measured = 60 / float(np.median(steps)) if steps and np.median(steps) > 0 else None
    if clock == NOMINAL or measured is None or not 25 <= measured <= 250:
        return header
    every_other_beat = header is not None and abs(header / (2 * measured) - 1) < 0.15
    return header if every_other_beat else round(measured, 1)
