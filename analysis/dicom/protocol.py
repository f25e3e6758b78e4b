"""How the images were acquired, for the look-up table; what the header lacks is a named assumption.

Typical values: Kellman 2017 (JCMR 19:43): bSSFP slices, flip angle 50, TR 2.5 ms, saturation delay
39.5 ms, 111 lines at acceleration 3; AIF FLASH, flip angle 8, TR 2.12 ms, delay 4.7 ms, echo times
0.65 and 1.65 ms. Centre line n = ceil(floor(lines / acceleration) / 2).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.dicom.facts import FrameFacts, HeaderFacts
from analysis.domain import Readout, ReadoutProtocol
from analysis.quality import Flag, Severity

Assume = Callable[..., None]
"""Records an assumption: code, sentence, severity ("check" where not given)."""

CLEAR_DELAY_MS: Final = 10.0
"""An InversionTime this near to one meaning's usual value leaves no doubt about its meaning."""


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What is assumed for one kind of image where the header is silent."""

    readout: Readout
    flip_deg: float
    pd_flip_deg: float
    echo_spacing_ms: float
    delay_ms: float
    centre_line: int
    acceleration: float
    echo_times_ms: tuple[float, ...]


SLICE_DEFAULTS: Final = Defaults(
    readout="bssfp", flip_deg=50.0, pd_flip_deg=5.0, echo_spacing_ms=2.5, delay_ms=39.5,
    centre_line=19, acceleration=3.0, echo_times_ms=(1.04,),
)  # fmt: skip
AIF_DEFAULTS: Final = Defaults(
    readout="flash", flip_deg=8.0, pd_flip_deg=8.0, echo_spacing_ms=2.12, delay_ms=4.7,
    centre_line=9, acceleration=2.0, echo_times_ms=(0.65, 1.65),
)  # fmt: skip
FLASH_FLIP_DEG: Final = 14.0
LARGEST_FLIP_DEG: Final = 120.0
ABSENT: Final = "is missing or not above zero"

ECHO_SPACING_MS: Final = (1.5, 6.0)
"""A RepetitionTime outside is the time of a whole shot."""

_BSSFP = re.compile(
    r"tfi|trufi|true?_?fisp|b-?ssfp|fiesta|b-?tfe|b-?ffe|balanced|FREE_PRECESSION", re.IGNORECASE
)
_FLASH = re.compile(
    r"tfl|flash|fgret|spgr|t1-?tfe|t1-?ffe|\bfgre\b|LONGITUDINAL|spoiled", re.IGNORECASE
)
AGENTS: Final = {
    "gadobutrol": ("gadobutrol", "gadovist", "gadavist"),
    "gadoterate": ("gadoter", "dotarem", "clariscan", "gd-dota", "dotagraf", "cyclolux"),
    "gadoteridol": ("gadoteridol", "prohance"),
    "gadobenate": ("gadobenat", "multihance"),
    "gadopentetate": ("gadopentet", "magnevist", "gd-dtpa"),
    "gadodiamide": ("gadodiamid", "omniscan"),
    "gadopiclenol": ("gadopiclenol", "vueway", "elucirem"),
    "gadoxetate": ("gadoxet", "primovist", "eovist"),
}
"""Generic name by what headers call it. "gadoter" is tried after the longer gadoteridol."""


def protocol_of(
    facts: Sequence[HeaderFacts],
    frames: Sequence[FrameFacts],
    is_pd: Sequence[bool],
    *,
    aif: bool,
    others: Sequence[HeaderFacts] = (),
) -> ReadoutProtocol:
    """Protocol of one kind of image. facts, frames, is_pd: (T,) in the same order, not empty.

    others: further images of the acquisition, asked for field strength and agent where these
    images do not tell.
    """
    base = AIF_DEFAULTS if aif else SLICE_DEFAULTS
    kind = "arterial input images" if aif else "slices"
    sr = [f for f, pd in zip(frames, is_pd, strict=True) if not pd] or list(frames)
    pd_frames = [f for f, pd in zip(frames, is_pd, strict=True) if pd]
    notes: list[Flag] = []

    def assume(code: str, message: str, severity: Severity = "check") -> None:
        notes.append(Flag(code=code, message=f"{message} ({kind}).", severity=severity))

    def assume_for_all(code: str, message: str) -> None:
        notes.append(Flag(code=code, message=f"{message}."))

    readout = _readout(facts, sr, base, assume)
    flip, why = _possible_flip(sr)
    if flip is None:
        flip = FLASH_FLIP_DEG if readout == "flash" and not aif else base.flip_deg
        assume("flip-angle-assumed", f"The flip angle {why}; {flip:g} degrees were assumed")
    pd_flip, why = _possible_flip(pd_frames)
    if pd_flip is None:
        pd_flip = base.pd_flip_deg
        if pd_frames:
            text = f"The flip angle of the proton-density images {why}; {pd_flip:g} degrees"
            assume("pd-flip-angle-assumed", f"{text} were assumed")
    spacing = _usual(f.repetition_ms for f in sr)
    if spacing is None or not ECHO_SPACING_MS[0] <= spacing <= ECHO_SPACING_MS[1]:
        found = ABSENT
        if spacing is not None:
            short = spacing < ECHO_SPACING_MS[0]
            found = f"of {spacing:g} ms is " + ("not possible" if short else "that of a whole shot")
        spacing = base.echo_spacing_ms
        assume("echo-spacing-assumed", f"The repetition time {found}; {spacing:g} ms were assumed")
    centre = _centre_line(facts, base, assume)
    delay = _delay(sr, base, centre, spacing, assume)
    echoes = tuple(sorted({f.echo_ms for f in sr if f.echo_ms}))
    if not echoes:
        echoes = base.echo_times_ms
        if aif:
            of = " and ".join(f"{echo:g}" for echo in echoes)
            assume(
                "echo-times-assumed",
                f"The echo times are missing or not above zero; {of} ms were assumed",
            )
    return ReadoutProtocol(
        readout=readout,
        field_strength_t=_field((*facts, *others), assume_for_all),
        flip_angle_deg=flip,
        pd_flip_angle_deg=pd_flip,
        echo_spacing_ms=spacing,
        saturation_delay_ms=delay,
        centre_line=centre,
        echo_times_ms=echoes,
        agent=_agent((*facts, *others), assume_for_all),
        assumptions=tuple(notes),
    )


def _possible_flip(frames: Sequence[FrameFacts]) -> tuple[float | None, str]:
    """The usual flip angle in degrees, or None and why there is none."""
    flip = _usual(f.flip_deg for f in frames)
    if flip is None or flip < LARGEST_FLIP_DEG:
        return flip, ABSENT
    return None, f"of {flip:g} degrees is not possible"


def _usual(values: Iterable[float | None]) -> float | None:
    found = [v for v in values if v]
    return Counter(found).most_common(1)[0][0] if found else None


def _readout(
    facts: Sequence[HeaderFacts], frames: Sequence[FrameFacts], base: Defaults, assume: Assume
) -> Readout:
    one = facts[0]
    texts = (one.sequence_name, one.scan_options, one.series_description, one.protocol_name)
    for text in texts:
        if _BSSFP.search(text):
            return "bssfp"
        if _FLASH.search(text):
            return "flash"
    flip = _usual(f.flip_deg for f in frames)
    if base is AIF_DEFAULTS:
        return "flash"
    if flip is not None:
        readout: Readout = "bssfp" if flip >= 30 else "flash"
        assume(
            "readout-assumed", f"The readout is not named; {readout} follows from the flip angle"
        )
        return readout
    assume("readout-assumed", f"The readout is not named; {base.readout} was assumed")
    return base.readout


def _centre_line(facts: Sequence[HeaderFacts], base: Defaults, assume: Assume) -> int:
    lines, factor = facts[0].phase_lines, facts[0].acceleration
    if lines is None:
        text = f"The number of phase lines {ABSENT}; centre line {base.centre_line}"
        assume("centre-line-assumed", f"{text} was assumed")
        return base.centre_line
    if factor is None:
        factor = base.acceleration
        assume("acceleration-assumed", f"The acceleration {ABSENT}; {factor:g} was assumed")
    return max(1, math.ceil(math.floor(lines / factor) / 2))


def _delay(
    frames: Sequence[FrameFacts], base: Defaults, centre: int, spacing: float, assume: Assume
) -> float:
    """Saturation delay from InversionTime, which may mean two things.

    Either the delay itself or the time to the centre of k-space, delay + (n - 1) TR: the meaning
    nearer to the usual delay is taken and named.
    """
    stated = _usual(f.inversion_ms for f in frames)
    if stated is None or not 1 <= stated <= 1000:
        found = ABSENT if stated is None else f"of {stated:g} ms is not possible"
        text = f"The inversion time (saturation delay) {found}; {base.delay_ms:g} ms were assumed"
        assume("saturation-delay-assumed", text)
        return base.delay_ms
    to_centre = stated - (centre - 1) * spacing
    as_delay, as_centre = abs(stated - base.delay_ms), abs(to_centre - base.delay_ms)
    severity: Severity = "information" if min(as_delay, as_centre) < CLEAR_DELAY_MS else "check"
    if to_centre > 0 and as_centre < as_delay:
        text = f"The inversion time of {stated:g} ms was taken as time to the centre of k-space"
        text += f", so the delay is {to_centre:.1f} ms"
        assume("inversion-time-meaning", text, severity)
        return float(np.round(to_centre, 3))
    text = f"The inversion time of {stated:g} ms was taken as the saturation delay"
    assume("inversion-time-meaning", text, severity)
    return stated


def _field(facts: Sequence[HeaderFacts], assume: Assume) -> float:
    found = _usual(f.field_strength_t for f in facts)
    if found is None:
        assume("field-strength-assumed", f"The field strength {ABSENT}; 1.5 T was assumed")
        return 1.5
    return round(found, 2)


def _agent(facts: Sequence[HeaderFacts], assume: Assume) -> str:
    text = next((f.agent for f in facts if f.agent), "").casefold()
    for name in sorted(AGENTS, key=lambda n: n != "gadoteridol"):
        if any(word in text for word in AGENTS[name]):
            return name
    assume("agent-assumed", "The contrast agent is not named; gadobutrol-like values were assumed")
    return "unknown"
