"""From the header facts of a study to a plan: injections, slices, roles, clocks, with evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from analysis.dicom.checks import cross_checked
from analysis.dicom.facts import HeaderFacts
from analysis.dicom.labels import (
    FEWEST_TIME_POINTS,
    SeriesInfo,
    gather,
    not_understood,
    why_not_perfusion,
)
from analysis.dicom.partition import Injection, partition
from analysis.dicom.plan import (
    AcquisitionPlan,
    SeriesClassification,
    SeriesOverride,
    StudyClassification,
)
from analysis.dicom.planning import Draft, plan_of
from analysis.dicom.positions import matched, place
from analysis.dicom.stacks import Stack, split_aif, stacks_of
from analysis.dicom.vendors import Role, RoleRule
from analysis.dicom.words import says_perfusion
from analysis.domain import Position
from analysis.quality import Flag

WITHOUT_SLICES: Final = "arterial input images without slices of the heart"


@dataclass
class _Ledger:
    """What is said about each series: reasons for not using it and evidence."""

    reasons: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, list[str]] = field(default_factory=dict)


def classify(
    facts: Iterable[HeaderFacts],
    *,
    overrides: Mapping[str, SeriesOverride] | None = None,
    rules: Sequence[RoleRule] = (),
) -> StudyClassification:
    """Decide what the series of one study are. Pure header work; no pixels.

    overrides: by Series Instance UID, what a person set by hand; it wins over every rule.
    rules: a site's own import rules, tried before ``vendors.ROLE_RULES``.

    Several studies at once are allowed only as one exam: the first study's UID names it.
    """
    series = gather(facts, overrides or {}, rules)
    ledger = _Ledger()
    stems = Counter(info.stem for info in series)
    candidates = []
    for info in series:
        info.reason = why_not_perfusion(info, stems[info.stem])
        if info.reason:
            ledger.reasons[info.uid] = info.reason
        else:
            candidates.append(info)
    drafts = [draft for injection in partition(candidates) for draft in _drafts(injection, ledger)]
    drafts = _without_repeats(drafts, ledger)
    _place_all(drafts, ledger)
    plans = [plan for plan in (plan_of(draft) for draft in drafts) if plan.slices]
    plans, flags = cross_checked(plans)
    flags.extend(_input_images_alone(series, ledger) if plans else ())
    uids = Counter(info.facts.study_instance_uid for info in series)
    if len(uids) > 1:
        flags.append(
            Flag(
                code="several-studies",
                message=f"The images come from {len(uids)} studies; they were taken as one exam.",
            )
        )
    return StudyClassification(
        study_instance_uid=uids.most_common(1)[0][0] if uids else "",
        acquisitions=tuple(plans),
        series=tuple(_series_result(info, plans, ledger) for info in series),
        flags=tuple(flags),
    )


def _drafts(injection: Injection, ledger: _Ledger) -> list[Draft]:
    """Slices and arterial input of one injection; what is too short to be dynamic is left out."""
    stacks, copies = stacks_of(injection.series)
    ledger.reasons.update(copies)
    split_aif(stacks)
    by_uid = {info.uid: info for info in injection.series}
    usable = []
    for stack in stacks:
        doubt = _why_not_dynamic(stack, by_uid)
        if doubt:
            for uid in stack.series_uids:
                ledger.reasons.setdefault(uid, doubt)
        else:
            usable.append(stack)
    for stack in stacks:
        for uid, notes in stack.evidence.items():
            ledger.evidence.setdefault(uid, []).extend(notes)
    families: dict[str, list[Stack]] = {}
    for stack in usable:
        families.setdefault(stack.family, []).append(stack)
    aif = sorted(families.get("aif", []), key=lambda s: s.echo or 0.0)
    if families.get("image"):
        _set_aside(families, ("gd", "aif_gd", "map"), "the original images", ledger)
        dual = bool(aif)
        return [Draft(injection, families["image"], aif, "dual" if dual else "single")]
    if families.get("gd"):
        _set_aside(families, ("map",), "the concentration images", ledger)
        # An inline reconstruction may send its arterial input images as they were acquired.
        converted = families.get("aif_gd", [])
        return [Draft(injection, families["gd"], converted or aif, "gd")]
    if families.get("map"):
        return [Draft(injection, families["map"], [], "map")]
    for stack in aif + families.get("aif_gd", []):
        for uid in stack.series_uids:
            ledger.reasons.setdefault(uid, WITHOUT_SLICES)
    return []


def _input_images_alone(series: Sequence[SeriesInfo], ledger: _Ledger) -> Iterator[Flag]:
    alone = [i for i in series if ledger.reasons.get(i.uid) == WITHOUT_SLICES]
    if alone:
        numbers = ", ".join(str(info.facts.series_number or "?") for info in alone)
        yield Flag(
            code="aif-without-slices",
            message=f"Series {numbers}: arterial input images, but no slices of the heart were "
            "acquired together with them (AcquisitionTime); they are not used.",
        )


def _set_aside(
    families: dict[str, list[Stack]], names: tuple[str, ...], instead: str, ledger: _Ledger
) -> None:
    for name in names:
        for stack in families.get(name, []):
            for uid in stack.series_uids:
                ledger.reasons.setdefault(uid, f"{instead} of the same injection are analysed")


def _why_not_dynamic(stack: Stack, infos: Mapping[str, SeriesInfo]) -> str:
    if stack.family == "map":
        return ""
    count = len(stack.good)
    if count < FEWEST_TIME_POINTS:
        return f"only {count} images at a position; a first pass has at least {FEWEST_TIME_POINTS}"
    clock = stack.clock
    by_hand = any(infos[uid].override.role for uid in stack.series_uids if uid in infos)
    named = any(says_perfusion(infos[uid].words) for uid in stack.series_uids if uid in infos)
    if clock and clock.name == "nominal-interval" and not (named or by_hand):
        return "no clock of its images runs over heartbeats and no name says perfusion"
    return ""


def _without_repeats(drafts: list[Draft], ledger: _Ledger) -> list[Draft]:
    """Maps and concentrations that were made later from an injection that is analysed anyway."""
    original = {d.injection.condition for d in drafts if d.sequence in ("dual", "single")}
    kept = []
    for draft in drafts:
        derived = draft.sequence in ("gd", "map")
        if derived and draft.injection.condition in original - {"unknown"}:
            for stack in draft.slices + draft.aif:
                for uid in stack.series_uids:
                    reason = "the original images of the same condition are analysed"
                    ledger.reasons.setdefault(uid, reason)
        else:
            kept.append(draft)
    return kept


def _place_all(drafts: list[Draft], ledger: _Ledger) -> None:
    """Positions for all injections; the one with most slices leads, planes match across."""
    reference: list[tuple[Stack, Position]] = []
    for draft in sorted(drafts, key=lambda d: -len(d.slices)):
        placing = place(draft.slices)
        draft.flags.extend(placing.flags)
        draft.positions = dict(placing.positions)
        for i, reason in placing.left_out.items():
            for uid in draft.slices[i].series_uids:
                ledger.reasons.setdefault(uid, reason)
        if reference:
            _follow(draft, reference)
        else:
            reference = [(draft.slices[i], p) for i, p in draft.positions.items()]
        _positions_by_hand(draft, placing.order)


def _follow(draft: Draft, reference: list[tuple[Stack, Position]]) -> None:
    found = {i: matched(reference, draft.slices[i]) for i in draft.positions}
    named = [p for p in found.values() if p]
    if len(named) == len(found) and len(set(named)) == len(named):
        draft.positions = {i: p for i, p in found.items() if p}
        assumed = {"positions-assumed", "slice-order-assumed"}
        draft.flags = [flag for flag in draft.flags if flag.code not in assumed]


def _positions_by_hand(draft: Draft, order: Sequence[int]) -> None:
    """What a person said, slice by slice from base to apex; "" leaves a slice out."""
    overrides = {info.uid: info.override for info in draft.injection.series}
    seen: Counter[str] = Counter()
    for i in order:
        for uid in draft.slices[i].series_uids:
            override = overrides.get(uid, SeriesOverride())
            chosen: str | None = override.position
            if override.positions is not None:
                given, at = override.positions, seen[uid]
                chosen = given[at] if at < len(given) else ""
                seen[uid] += 1
            if chosen:
                draft.positions[i] = chosen  # type: ignore[assignment]  # checked on entry
            elif chosen == "":
                draft.positions.pop(i, None)


def _series_result(
    info: SeriesInfo, plans: list[AcquisitionPlan], ledger: _Ledger
) -> SeriesClassification:
    in_plans = [
        (plan, stack)
        for plan in plans
        for stack in (*plan.slices, *filter(None, (plan.aif,)))
        if info.uid in stack.series_instance_uids
    ]
    used = bool(in_plans)
    reason = "" if used else ledger.reasons.get(info.uid, "no complete slice was found in it")
    own = {p.facts.sop_instance_uid for p in info.frames}
    roles = {f.role for _, s in in_plans for f in s.frames if f.sop_instance_uid in own}
    evidence = list(info.evidence) + ledger.evidence.get(info.uid, [])
    rules = {p.rule.says for p in info.frames if p.rule and p.rule.says}
    evidence += [f"named as {says}" for says in sorted(rules)]
    if says_perfusion(info.words):
        evidence.append(f"{info.facts.series_description!r} says perfusion")
    if used:
        evidence.append(f"{info.time_points} time points at a position")
    evidence += not_understood(info)
    clock = in_plans[0][1].clock if in_plans else ""
    if clock:
        evidence.append(f"clock: {clock}")
    corrected = info.override != SeriesOverride()
    condition = in_plans[0][0].condition if in_plans else "unknown"
    return SeriesClassification(
        series_instance_uid=info.uid,
        kind=_kind(roles, used),
        used=used,
        condition=condition,
        positions=tuple(dict.fromkeys(s.position for _, s in in_plans if s.position)),
        roles=tuple(sorted(roles)),
        sequence=in_plans[0][0].sequence if in_plans else "",
        frames=len(info.frames),
        time_points=info.time_points,
        clock=clock,
        reason=reason,
        evidence=tuple(dict.fromkeys(evidence)),
        confidence=_confidence(info, used, corrected, condition, clock),
        corrected=corrected,
        flags=tuple(dict.fromkeys(f for _, s in in_plans for f in s.flags)),
    )


def _kind(roles: set[Role], used: bool) -> str:
    if not used:
        return "other"
    for kind in ("map", "gd", "aif_gd", "aif", "sr", "pd"):
        if kind in roles:
            return {"sr": "perfusion", "aif_gd": "aif"}.get(kind, kind)
    return "other"


def _confidence(info: SeriesInfo, used: bool, corrected: bool, condition: str, clock: str) -> float:
    if corrected:
        return 1.0
    if not used:
        return 0.8 if info.reason else 0.5
    grade = 0.95
    grade -= 0.3 if condition == "unknown" else 0.0
    grade -= 0.2 if clock in ("", "nominal-interval") else 0.0
    grade -= 0.1 if not says_perfusion(info.words) else 0.0
    return round(grade, 2)
