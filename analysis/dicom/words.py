"""Words by which people name stress and rest, positions and perfusion, in many languages.

A word counts where it stands alone: separators, digits and a change of case end a word, so that
``PERF_STRESS_3sl`` says stress and ``Forrest``, ``restore`` or ``distress`` say nothing. Words in
scripts without spaces count anywhere.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

STRESS_WORDS: Final = {
    "stress", "str", "strs", "strss", "adenosine", "adenosin", "adenosina", "adeno", "ado", "adn",
    "regadenoson", "rega", "lexiscan", "rapiscan", "dipyridamole", "dipyridamol", "persantin",
    "persantine", "dobutamine", "dobutamin", "atp", "hyperemia", "hyperaemia", "hyperamie",
    "hyperemic", "vasodilator", "exercise",
    "belastung", "belast",  # German
    "effort", "vasodilatateur",  # French
    "esfuerzo", "estres", "hiperemia",  # Spanish
    "sforzo", "iperemia",  # Italian
    "esforco", "estresse",  # Portuguese
    "inspanning", "belasting",  # Dutch
    "belastning", "anstrangning",  # Swedish, Danish, Norwegian
    "rasitus",  # Finnish
    "obciazenie", "obciazeniowe", "wysilek", "stres",  # Polish, Turkish, Czech
    "zatez", "zatezova",  # Czech
    "terheles", "terheleses",  # Hungarian
    "efor",  # Romanian
    "нагрузка", "стресс",  # Russian
}  # fmt: skip
REST_WORDS: Final = {
    "rest", "rst", "resting", "baseline",
    "ruhe", "ruheperfusion",  # German
    "repos",  # French
    "reposo",  # Spanish
    "riposo",  # Italian
    "repouso",  # Portuguese
    "rust",  # Dutch
    "vila", "hvile",  # Swedish, Danish, Norwegian
    "lepo",  # Finnish
    "spoczynek", "spoczynkowe", "spocz",  # Polish
    "klid", "klidova",  # Czech
    "nyugalmi",  # Hungarian
    "repaus",  # Romanian
    "dinlenme", "istirahat",  # Turkish
    "покой",  # Russian
}  # fmt: skip
_STRESS_COMPOUND: Final = re.compile(
    r"^(?:stress|belast|adenos|regaden|dipyridam|нагруз|стресс|hyperaem)|^(?:perf|ado|adeno)\w*stress$"
)
_REST_COMPOUND: Final = re.compile(r"^(?:restperf|ruhe|поко)|^perf\w*rest$")
_STRESS_ANYWHERE: Final = ("負荷", "ストレス", "负荷", "应激", "부하", "스트레스")
_REST_ANYWHERE: Final = ("安静", "静息", "静止", "휴식", "안정")

POSITION_WORDS: Final = {
    "basal": {"base", "basal", "bas", "basis", "basale", "baso"},
    "mid": {"mid", "middle", "med", "medial", "midventricular", "midvent", "mitte", "mittel",
            "medio", "media", "median", "moyen", "midden", "papillary", "mv"},
    "apical": {"apex", "apical", "apikal", "apx", "ap", "apicale", "spitze", "punta"},
}  # fmt: skip
PERFUSION_WORDS: Final = {
    "perfusion", "perf", "perfusie", "perfusione", "perfusao", "perfuzja", "perfuze", "firstpass",
    "fpp", "fp", "qperf", "перфузия", "dyn", "dynamic", "gre_perf", "perfusn",
}  # fmt: skip
_PERFUSION_ANYWHERE: Final = (
    "first pass",
    "first-pass",
    "灌流",
    "灌注",
    "パーフュージョン",
    "관류",
)
OTHER_TECHNIQUE_WORDS: Final = {
    "cine", "lge", "molli", "shmolli", "t1map", "t2map", "t1", "t2", "flow", "psir", "scout",
    "localizer", "localiser", "haste", "tagging", "stir", "ecv", "delayed", "de", "angio", "retro",
}  # fmt: skip
LONG_AXIS_WORDS: Final = {"lax", "2ch", "3ch", "4ch", "hla", "vla", "lvot"}

_NEGATED = re.compile(r"\b(?:no|non|ohne|sans|sin|pre|post|after|nach)[ ]+(?:stress|rest)\b")


def split_words(text: str) -> list[str]:
    """Lower-case words without accents: at separators, digits and changes of case."""
    separated = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    plain = unicodedata.normalize("NFKD", separated)
    plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    return re.findall(r"[^\W\d_]+", plain)


def is_known(word: str) -> bool:
    """Is a single word one by which these rules tell images apart?"""
    plain = "".join(split_words(word))
    sets = (*POSITION_WORDS.values(), OTHER_TECHNIQUE_WORDS, LONG_AXIS_WORDS)
    return (
        says_condition(word) is not None
        or says_perfusion(word)
        or any(plain in known or word.casefold() in known for known in sets)
    )


def says_condition(text: str) -> str | None:
    """ "stress", "rest", "both" where a text contradicts itself, None where it says neither."""
    words = _NEGATED.sub(" ", " ".join(split_words(text))).split()
    stress = any(w in STRESS_WORDS or _STRESS_COMPOUND.search(w) for w in words)
    rest = any(w in REST_WORDS or _REST_COMPOUND.search(w) for w in words)
    stress = stress or any(w in text for w in _STRESS_ANYWHERE)
    rest = rest or any(w in text for w in _REST_ANYWHERE)
    if stress and rest:
        return "both"
    return "stress" if stress else "rest" if rest else None


def says_position(text: str) -> str | None:
    """The one position that a text names, None where it names none or several."""
    words = set(split_words(text))
    named = [position for position, known in POSITION_WORDS.items() if words & known]
    return named[0] if len(named) == 1 else None


def says_perfusion(text: str) -> bool:
    words = split_words(text)
    joined = " ".join(words)
    compound = any("perfus" in w or re.match("perf(?!orm)", w) for w in words)
    return (
        compound
        or bool(set(words) & PERFUSION_WORDS)
        or any(word in joined or word in text for word in _PERFUSION_ANYWHERE)
    )


def says_other_technique(text: str) -> str | None:
    """The word by which a text names a technique that is not perfusion."""
    if says_perfusion(text):
        return None
    tokens = set(split_words(text)) | set(re.findall(r"[a-z0-9]+", text.casefold()))
    return next(iter(sorted(tokens & OTHER_TECHNIQUE_WORDS)), None)


def says_long_axis(text: str) -> bool:
    tokens = set(re.findall(r"[a-z0-9]+", text.casefold()))
    return bool(tokens & LONG_AXIS_WORDS)
