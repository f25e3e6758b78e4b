"""What happens to each attribute: the Basic Application Level Confidentiality Profile and options.

The table of the standard (PS3.15 Table E.1-1, edition 2026c) lies beside this file as it was
published; engine.py carries the actions out. A site chooses which options it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydicom.tag import BaseTag, Tag

TABLE = Path(__file__).with_name("annex_e.txt")


class Action(Enum):
    """What Annex E does with an attribute."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"


class Option(Enum):
    """An option of Annex E that a site may take, with its code (CID 7050)."""

    CHARACTERISTICS = "characteristics"
    DEVICE = "device"
    INSTITUTION = "institution"

    @property
    def code(self) -> tuple[str, str]:
        return _CODES[self]

    @property
    def words(self) -> str:
        return _WORDS[self]


_CODES = {
    Option.CHARACTERISTICS: ("113108", "Retain Patient Characteristics Option"),
    Option.DEVICE: ("113109", "Retain Device Identity Option"),
    Option.INSTITUTION: ("113112", "Retain Institution Identity Option"),
}
_WORDS = {
    Option.CHARACTERISTICS: "Keep age, sex, height and weight",
    Option.DEVICE: "Keep the scanner's serial number and station name",
    Option.INSTITUTION: "Keep the institution's name",
}

ALWAYS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113105", "Clean Descriptors Option"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113111", "Retain Safe Private Option"),
)

_KEPT: Mapping[Option, tuple[str, ...]] = {
    Option.CHARACTERISTICS: ("PatientAge", "PatientSex", "PatientSize", "PatientWeight"),
    Option.DEVICE: ("DeviceSerialNumber", "StationName", "DeviceUID", "GantryID"),
    Option.INSTITUTION: ("InstitutionName", "InstitutionalDepartmentName"),
}

CLEANED = (
    "StudyDescription", "SeriesDescription", "ProtocolName", "SequenceName", "ImageComments",
    "ContrastBolusAgent", "PerformedProcedureStepDescription", "StackID", "AcquisitionComments",
    "FrameComments",
)  # fmt: skip
"""Descriptions by which the analysis tells series apart: known words stay, the rest goes."""

_WORDS_KEPT = """
    perf perfusion stress rest adenosine regadenoson dipyridamole basal base mid apex apical
    sa sax la lax ch short long axis dual aif moco sr pd t1 t2 map mbf gd ge tfl flash ssfp bssfp
    trufi ffe tfe bffe dyn dynamic first pass gadolinium contrast dotarem gadovist prohance omniscan
    slice slices sl ep epi grappa sense cs low high res resolution proton density saturation
    recovery fl gre ir psir cine lge scout localizer heart cardiac mr mri exam study pre post left
    right lv mask aifmask aiflvmask vascular interstitial volume ps mtt extraction sd ki delay aha
    fig flow slc conc concentration arterial input pdw retro filtered norm copy derived gt fgre
    tc scale
"""
KEPT_WORDS = frozenset(_WORDS_KEPT.split())
"""Beside those by which people name conditions and positions (analysis/dicom/words.py)."""

SAFE_PRIVATE: Mapping[tuple[str, int, int], str] = {
    ("Philips MR Imaging DD 001", 0x2005, 0x0D): "FL",
    ("Philips MR Imaging DD 001", 0x2005, 0x0E): "FL",
    ("Philips MR Imaging DD 005", 0x2005, 0x0F): "SQ",
}
"""Private attributes that pixels cannot be read without: creator, group, element. Numbers, and the
sequence in which multi-frame objects hold them, whose items are cleaned like everything else."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The options that a site takes."""

    keep: frozenset[Option] = frozenset()

    def action(self, tag: BaseTag, keyword: str) -> Action | None:
        """What to do with a standard attribute; None to keep it."""
        if any(keyword in _KEPT[option] for option in self.keep):
            return None
        return _actions().get(tag)

    @property
    def codes(self) -> list[tuple[str, str]]:
        return [*ALWAYS, *(option.code for option in sorted(self.keep, key=lambda o: o.code))]


def profile_of(names: list[Any]) -> Profile:
    """The profile of a stored policy; names that are no option are ignored."""
    known = {option.value: option for option in Option}
    return Profile(keep=frozenset(known[name] for name in names if name in known))


_FITTING: Mapping[str, Action] = {
    "X": Action.REMOVE,
    "X/Z": Action.EMPTY,
    "X/D": Action.DUMMY,
    "X/Z/D": Action.EMPTY,
    "X/Z/U*": Action.UID,
    "Z": Action.EMPTY,
    "Z/D": Action.DUMMY,
    "D": Action.DUMMY,
    "U": Action.UID,
}
"""Where the table offers several actions, the one that leaves every kind of object valid."""


@lru_cache(maxsize=1)
def _actions() -> Mapping[BaseTag, Action]:
    lines = TABLE.read_text(encoding="ascii").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {Tag(int(tag, 16)): _FITTING[action] for tag, action in rows}
