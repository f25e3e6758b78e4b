"""The clinical header of a reading: what was given, measured and felt during the examination.

Fields follow what the SCMR asks a perfusion report to say (indication, agents and doses, rate and
pressure, symptoms). Values that cannot be are refused; values that are unusual are kept and said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from qperfweb.core.errors import Invalid

LONGEST_TEXT: Final = 400


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number with its unit. possible: beyond is refused. usual: beyond is kept and said."""

    words: str
    unit: str
    possible: tuple[float, float]
    usual: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of a few words."""

    words: str
    options: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Text:
    words: str


_PRESSURE_UNIT: Final = "mmHg"

FIELDS: Final[Mapping[str, Number | Choice | Text]] = {
    "stress_agent": Choice(
        words="Stress agent",
        options={
            "adenosine": "adenosine",
            "regadenoson": "regadenoson",
            "dipyridamole": "dipyridamole",
            "atp": "adenosine triphosphate",
            "dobutamine": "dobutamine",
            "exercise": "exercise",
        },
    ),
    "stress_dose": Number(
        words="Stress dose", unit="", possible=(0.001, 10000), usual=(0.001, 10000)
    ),
    "heart_rate_rest": Number(
        words="Heart rate at rest", unit="/min", possible=(20, 250), usual=(40, 110)
    ),
    "heart_rate_stress": Number(
        words="Heart rate at stress", unit="/min", possible=(20, 250), usual=(50, 160)
    ),
    "systolic_rest": Number(
        words="Systolic pressure at rest",
        unit=_PRESSURE_UNIT,
        possible=(40, 300),
        usual=(80, 200),
    ),
    "diastolic_rest": Number(
        words="Diastolic pressure at rest",
        unit=_PRESSURE_UNIT,
        possible=(20, 200),
        usual=(40, 115),
    ),
    "systolic_stress": Number(
        words="Systolic pressure at stress",
        unit=_PRESSURE_UNIT,
        possible=(40, 300),
        usual=(70, 200),
    ),
    "diastolic_stress": Number(
        words="Diastolic pressure at stress",
        unit=_PRESSURE_UNIT,
        possible=(20, 200),
        usual=(35, 115),
    ),
    "symptoms": Choice(
        words="Symptoms at stress",
        options={"none": "none", "typical": "typical of the agent", "chest_pain": "chest pain"},
    ),
    "symptoms_note": Text(words="Symptoms in words"),
    "caffeine": Choice(
        words="Caffeine or theophylline before",
        options={"no": "no", "yes": "yes", "unknown": "not known"},
    ),
    "splenic_switch_off": Choice(
        words="Splenic switch-off",
        options={"present": "present", "absent": "absent", "not_assessable": "not assessable"},
    ),
    "contrast_agent": Text(words="Contrast agent"),
    "contrast_dose": Number(
        words="Contrast dose per injection",
        unit="mmol/kg",
        possible=(0.005, 0.5),
        usual=(0.025, 0.15),
    ),
    "weight": Number(words="Weight", unit="kg", possible=(1, 400), usual=(35, 180)),
    "height": Number(words="Height", unit="cm", possible=(30, 260), usual=(135, 210)),
    "adequacy": Choice(
        words="Stress adequacy, the reader's judgement",
        options={
            "adequate": "adequate",
            "doubtful": "doubtful",
            "not_assessable": "not assessable",
        },
    ),
    "adequacy_note": Text(words="Adequacy in words"),
}

DOSE_UNITS: Final = {
    "adenosine": "µg/kg/min",
    "regadenoson": "mg",
    "dipyridamole": "mg/kg",
    "atp": "µg/kg/min",
    "dobutamine": "µg/kg/min",
    "exercise": "W",
}
USUAL_DOSE: Final = {
    "adenosine": (140, 210),
    "regadenoson": (0.4, 0.4),
    "dipyridamole": (0.56, 0.84),
    "atp": (140, 210),
    "dobutamine": (5, 40),
    "exercise": (25, 300),
}

VALUE_OF_RATE: Final = {"stress": "heart_rate_stress", "rest": "heart_rate_rest"}
RATE_DISAGREES: Final = 15.0
"""/min between what was typed and what the images' times say, before it is worth a word."""

RPP_REFERENCE: Final = 9000.0
"""mmHg/min; rest flow is scaled to this work of the heart. Shown beside every corrected value."""


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something, each of its kind. Raises Invalid naming the field."""
    unknown = set(given) - set(FIELDS)
    if unknown:
        raise Invalid(f"There is no clinical field “{sorted(unknown)[0]}”.", field="clinical")
    kept = {}
    for name, field in FIELDS.items():
        value = given.get(name)
        if value is None or value == "":
            continue
        kept[name] = _checked(name, field, value)
    if kept.get("stress_dose") is not None and "stress_agent" not in kept:
        raise Invalid("Name the stress agent that this dose is of.", field="stress_agent")
    for condition in ("rest", "stress"):
        upper, lower = kept.get(f"systolic_{condition}"), kept.get(f"diastolic_{condition}")
        if upper is not None and lower is not None and lower >= upper:
            raise Invalid(
                f"At {condition} the diastolic pressure ({lower:g}) must be below the systolic "
                f"({upper:g}).",
                field=f"diastolic_{condition}",
            )
    return kept


def _checked(name: str, field: Number | Choice | Text, value: Any) -> Any:
    if isinstance(field, Choice):
        if value not in field.options:
            raise Invalid(f"{field.words}: choose one of the list.", field=name)
        return value
    if isinstance(field, Text):
        return str(value).strip()[:LONGEST_TEXT]
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise Invalid(f"{field.words}: enter a number.", field=name)
    low, high = field.possible
    if not low <= value <= high:
        raise Invalid(
            f"{field.words}: {value:g} {field.unit} cannot be; enter {low:g} to {high:g}.",
            field=name,
        )
    return float(value)


def warnings(values: Mapping[str, Any], measured_rates: Mapping[str, float | None]) -> list[str]:
    """What is unusual, or does not fit together, one sentence each.

    measured_rates: beats per minute by condition, from the times of the images.
    """
    found = []
    for name, field in FIELDS.items():
        value = values.get(name)
        if isinstance(field, Number) and value is not None:
            low, high = field.usual
            if not low <= value <= high:
                found.append(f"{field.words} {value:g} {field.unit} is unusual; check it.")
    agent, dose = values.get("stress_agent"), values.get("stress_dose")
    if agent and dose is not None:
        low, high = USUAL_DOSE[agent]
        if not low <= dose <= high:
            usual = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            found.append(
                f"A dose of {dose:g} {DOSE_UNITS[agent]} is unusual for {agent_words(agent)} "
                f"(usual: {usual}); check it."
            )
    for condition, name in VALUE_OF_RATE.items():
        typed, measured = values.get(name), measured_rates.get(condition)
        if typed is not None and measured is not None and abs(typed - measured) > RATE_DISAGREES:
            found.append(
                f"The heart rate at {condition} was entered as {typed:.0f}/min, but the images "
                f"were taken at {measured:.0f}/min; check it."
            )
    rest, stress = values.get("heart_rate_rest"), values.get("heart_rate_stress")
    if rest is not None and stress is not None and stress < rest:
        found.append("The heart rate at stress is below that at rest; are they swapped?")
    return found


def agent_words(agent: str) -> str:
    """The agent's name."""
    field = FIELDS["stress_agent"]
    assert isinstance(field, Choice)
    return field.options[agent]


def shown(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every field that was filled in, in words, in order."""
    lines = []
    for name, field in FIELDS.items():
        value = values.get(name)
        if value is None:
            continue
        if isinstance(field, Choice):
            text = field.options[value]
        elif isinstance(field, Text):
            text = value
        else:
            unit = DOSE_UNITS[values["stress_agent"]] if name == "stress_dose" else field.unit
            text = f"{value:g} {unit}".replace(" /min", "/min")
        lines.append((field.words, text))
    return lines


def heart_rate(
    condition: str, values: Mapping[str, Any], measured_rates: Mapping[str, float | None]
) -> float | None:
    """Beats per minute: what was entered, else what the images' times say."""
    typed = values.get(VALUE_OF_RATE[condition])
    return typed if typed is not None else measured_rates.get(condition)
