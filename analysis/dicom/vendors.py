"""Import rules by vendor, in one table: what an image is, from what its sender calls it.

The first rule that fits a frame gives its role. A site adds rules of its own in front
(``rules_from_json``). Everything else that differs between vendors and why:

=================  ===============================================================================
Siemens classic    one object per frame, AcquisitionTime is the clock, TriggerTime is the delay
                   after the R wave; MOCO and filtered copies share the acquisition times
Siemens enhanced   (XA) FrameAcquisitionDateTime is the clock
Gadgetron inline   role in ImageComments or SeriesDescription; concentrations and maps are scaled
                   integers (map value / 100 = ml/min/g)
Philips classic    TemporalPositionIdentifier orders frames; private scale slope (2005,100E): pixels
                   of frames with different slopes can only be compared after dividing by it
Philips enhanced   dimensions StackID, InStackPositionNumber, TemporalPositionIndex; private scale
                   inside (2005,140F)
GE                 TriggerTime is cumulative and is the clock, AcquisitionTime is not;
                   MagneticFieldStrength is in gauss; NominalInterval may hold a count
=================  ===============================================================================

The clocks need no vendor switch: ``clock`` takes the first that really runs. Field strength and
private scales are read by value in ``header``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from analysis.dicom.facts import FrameFacts, HeaderFacts
from analysis.errors import BadInput

Role = Literal["aif", "pd", "sr", "gd", "aif_gd", "map", "other"]
"""aif: arterial input image; pd: proton-density image; sr: saturation-recovery image; gd: already
in mmol/L; aif_gd: arterial input image in mmol/L; map: already a flow map; other: not analysed."""

_LONGEST_TEXT: Final = 1024
_LONGEST_PATTERN: Final = 120
_MOST_RULES: Final = 50
_REPEATED_GROUP: Final = re.compile(r"\)[*+{?]")
_OPEN_REPEAT: Final = re.compile(r"(?<!\\)[*+]|,\}")
"""Patterns are tried on strangers' texts: repeated groups may take for ever on some of them."""

Field = Literal["image_type", "comments", "series_description", "protocol_name", "any"]


@dataclass(frozen=True, kw_only=True)
class RoleRule:
    """Frames whose ``field`` matches ``pattern`` have this role.

    vendor: text that Manufacturer must contain, "" for any.
    pattern: regular expression, case is ignored; ``_``, ``\\`` and blanks separate words.
    scale: stored value times this is mmol/L (gd) or ml/min/g (map); 1 elsewhere.
    says: what the rule concludes, for the evidence shown to people.
    """

    name: str
    role: Role
    pattern: str
    field: Field = "any"
    vendor: str = ""
    scale: float = 1.0
    says: str = ""

    def fits(self, facts: HeaderFacts, frame: FrameFacts) -> str | None:
        """The text that matched, or None."""
        if self.vendor.lower() not in facts.manufacturer.lower():
            return None
        text = _field_text(self.field, facts, frame)[:_LONGEST_TEXT]
        match = re.search(self.pattern, text, re.IGNORECASE)
        return match.group(0).strip() if match else None


def _word(*words: str) -> str:
    """Pattern for any of the words standing alone between separators or ends."""
    return rf"(?<![A-Za-z])(?:{'|'.join(words)})(?![A-Za-z])"


ROLE_RULES: Final = (
    # Not images of the heart over time
    RoleRule(name="mosaic", role="other", field="image_type", pattern=_word("MOSAIC"),
             says="a mosaic of many images in one: export the single images"),
    RoleRule(name="localizer", role="other", field="image_type", pattern=_word("LOCALIZER"),
             says="a localizer"),
    RoleRule(name="phase", role="other", field="image_type",
             pattern=_word("PHASE", "P", "PHASE MAP", "REAL", "IMAGINARY", "R", "I"),
             says="a phase, real or imaginary image"),
    # Gadgetron inline perfusion (its data roles)
    RoleRule(name="gadgetron-aif-mask", role="other",
             pattern=_word("AIF_?MASK", "AIFLVMASK", "AIF_LV_MASK"),
             says="the mask of the arterial input"),
    RoleRule(name="gadgetron-other-map", role="other",
             pattern=_word("Vascular_Volume_Map", "Interstitial_Volume_Map", "PS_Map", "MTT_Map",
                           "Gd_Extraction_Map", "Perf_Map", "(?:Flow|MBF)_Map_?SD",
                           "Ki_Map", "Delay_Map"),
             says="a parameter map other than blood flow"),
    RoleRule(name="gadgetron-aha", role="other", pattern=_word("AHA"),
             says="an AHA segment figure"),
    RoleRule(name="gadgetron-figure", role="other", pattern=_word("FIG"), says="a drawn figure"),
    RoleRule(name="gadgetron-flow", role="map", scale=0.01,
             pattern=_word("Flow_Map(?:_?SLC)?", "Perf_Flow_Map", "MBF_Map"),
             says="a blood flow map, value / 100 = ml/min/g"),
    RoleRule(name="mbf-map", role="map", scale=0.01, field="series_description",
             pattern=_word("MBF"), says="a blood flow map, value / 100 = ml/min/g"),
    RoleRule(name="gadgetron-aif-gd", role="aif_gd", scale=0.01,
             pattern=_word("AIF_Gd(?:_Concentration)?", "Gd_AIF"),
             says="arterial input images as concentration, value / 100 = mmol/L"),
    RoleRule(name="gadgetron-gd", role="gd", scale=0.01,
             pattern=_word("Perf_Gd(?:_Concentration)?", "Gd_?Conc(?:entration)?"),
             says="concentration images, value / 100 = mmol/L"),
    RoleRule(name="gadgetron-gd-role", role="gd", scale=0.01, field="comments",
             pattern=_word("Gd"), says="concentration images, value / 100 = mmol/L"),
    # Ordinary names
    RoleRule(name="aif", role="aif", field="image_type", pattern=_word("AIF"),
             says="arterial input images"),
    RoleRule(name="aif-comments", role="aif", field="comments", pattern=_word("AIF"),
             says="arterial input images"),
    RoleRule(name="aif-words", role="aif", field="series_description",
             pattern=_word("AIF", "arterial[ _-]?input", "low[ _-]?res(?:olution)?"),
             says="arterial input images"),
    RoleRule(name="pd", role="pd", field="image_type",
             pattern=_word("PD", "PROTON_DENSITY", "PROTON DENSITY"),
             says="proton-density images"),
    RoleRule(name="pd-words", role="pd", field="comments",
             pattern=_word("PD", "PDw", "proton[ _-]?density"), says="proton-density images"),
    RoleRule(name="pd-series", role="pd", field="series_description",
             pattern=_word("PD", "PDw", "proton[ _-]?density"), says="proton-density images"),
    RoleRule(name="sr-words", role="sr", field="comments",
             pattern=_word("SR", "saturation[ _-]?recovery"), says="saturation-recovery images"),
)  # fmt: skip
"""In order; the first that fits decides."""

DERIVED_WORDS: Final = _word("MOCO", "MoCo", "RETRO", "FILTERED", "NORM_COPY", "DERIVED_COPY")
"""Copies of a series that was acquired once; used only where the original is missing."""


def _field_text(field: Field, facts: HeaderFacts, frame: FrameFacts) -> str:
    texts = {
        "image_type": "\\".join(frame.image_type),
        "comments": frame.comments,
        "series_description": facts.series_description,
        "protocol_name": facts.protocol_name,
    }
    return texts[field] if field != "any" else "\\".join(filter(None, texts.values()))


def rules_from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[RoleRule, ...]:
    """A site's own rules, tried before ROLE_RULES; keys are the fields of RoleRule.

    Raises:
        BadInput: no list of objects, an unknown key, role or field, a scale that is no positive
            number, or a pattern that is no regular expression or may take too long.
    """
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        raise BadInput("Import rules are a list of objects, each with name, role and pattern.")
    if len(rows) > _MOST_RULES:
        raise BadInput(f"There may be at most {_MOST_RULES} import rules.")
    return tuple(_checked(row) for row in rows)


def _checked(row: Mapping[str, Any]) -> RoleRule:
    def wrong(why: str) -> BadInput:
        return BadInput(f"Import rule {str(row.get('name', '?'))[:80]!r} is not valid: {why}.")

    try:
        rule = RoleRule(**row)
    except TypeError as error:
        raise wrong("it needs name, role and pattern, and may have field, vendor, scale and "
                    "says") from error  # fmt: skip
    texts = (rule.name, rule.role, rule.pattern, rule.field, rule.vendor, rule.says)
    if not all(isinstance(text, str) for text in texts):
        raise wrong("all but scale are texts")
    if rule.role not in get_args(Role):
        raise wrong(f"{rule.role!r} is no role; there are {', '.join(get_args(Role))}")
    if rule.field not in get_args(Field):
        raise wrong(f"{rule.field!r} is no field; there are {', '.join(get_args(Field))}")
    if isinstance(rule.scale, bool) or not isinstance(rule.scale, int | float):
        raise wrong("scale is a number")
    if not 0 < rule.scale < 1e9:
        raise wrong("scale is larger than 0")
    if not rule.pattern or len(rule.pattern) > _LONGEST_PATTERN:
        raise wrong(f"a pattern has 1 to {_LONGEST_PATTERN} characters")
    if _REPEATED_GROUP.search(rule.pattern) or len(_OPEN_REPEAT.findall(rule.pattern)) > 2:
        raise wrong("a pattern repeats no group and has at most two of * and +")
    try:
        re.compile(rule.pattern)
    except re.error as error:
        raise wrong(f"the pattern is no regular expression ({error})") from error
    return rule
