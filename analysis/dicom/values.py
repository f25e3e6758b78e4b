"""Tolerant reading of single DICOM values: a bad value becomes None or "", never an exception.

Headers come from hostile or careless senders. Text is freed of control characters and lone
surrogates (PostgreSQL and JSON refuse them), numbers that are not finite are dropped.
"""

from __future__ import annotations

import math
import re
import struct
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from pydicom import config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

config.settings.reading_validation_mode = config.IGNORE
"""Otherwise pydicom logs every value that it finds invalid, and values may name a patient."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_TIME = re.compile(r"^(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?")
_DATE = re.compile(r"^(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})")
_UID = re.compile(r"^[0-9]+(\.[0-9]+)*$")
_EPOCH = date(1970, 1, 1)
_CODED = frozenset({"AE", "AS", "CS", "DA", "DT", "TM", "UI"})
_DECIMAL, _WHOLE = "DS", "IS"
_WORDS = frozenset({"LO", "SH"})
_BINARY: Final = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d"}
_ASCII = re.compile(rb"[\x20-\x7e]*\x00?")
_ASCII_IN_EVERY_REPERTOIRE = re.compile(rb"[\x20-\x5b\x5d-\x7d]*\x00?")
_WHOLE_NUMBER = re.compile(r" *[+-]?[0-9]{1,12} *")
LONGEST_TEXT = 1024
"""Longer texts are cut: no field that we read is longer in the standard, comments aside."""

Key = str | int | BaseTag


def raw(ds: Dataset, key: Key) -> Any:
    """Value of an element, or None where it is missing or cannot be converted."""
    try:
        tag = _tag(key)
        element = ds.get_item(tag, keep_deferred=True)
        if element is None:
            return None
        plain = _plain(element) if isinstance(element, RawDataElement) else None
        return ds[tag].value if plain is None else plain
    except Exception:  # pydicom raises many kinds on hostile values; each means "no value"
        return None


@lru_cache(maxsize=1024)
def _tag(key: Key) -> BaseTag:
    return Tag(key)


@lru_cache(maxsize=1024)
def _usual_vr(tag: BaseTag) -> str:
    return "" if tag.is_private else dictionary_VR(tag)


def _plain(element: RawDataElement) -> str | list[str] | float | None:
    """Value of an element that needs none of pydicom's care, None where it does.

    The same value, in a fifth of the time: a study has 600 objects, of each of which a hundred
    elements are asked for.
    """
    value, vr = element.value, element.VR or _usual_vr(element.tag)
    if not value:
        return None
    if vr in _BINARY:
        code = ("<" if element.is_little_endian else ">") + _BINARY[vr]
        return struct.unpack(code, value)[0] if len(value) == struct.calcsize(code) else None
    words = vr in _WORDS
    if not (words or vr in _CODED or vr in (_DECIMAL, _WHOLE)):
        return None
    if not (_ASCII_IN_EVERY_REPERTOIRE if words else _ASCII).fullmatch(value):
        return None
    found = value.decode("ascii").rstrip("\x00 ").split("\\")
    if vr == _DECIMAL and any(as_number(part) is None for part in found):
        return None
    if vr == _WHOLE and not all(map(_WHOLE_NUMBER.fullmatch, found)):
        return None
    return found[0] if len(found) == 1 else found


def values(ds: Dataset, key: Key) -> list[Any]:
    """All values of an element, an empty list where it is missing."""
    value = raw(ds, key)
    if value is None or value == "":
        return []
    if not isinstance(value, (list, tuple, MultiValue, Sequence)):  # a person name iterates too
        return [value]
    try:
        return list(value)
    except Exception:  # a lazily converted multi-value may fail only now
        return []


def clean(value: object) -> str:
    """Text without control characters, at most LONGEST_TEXT long."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    try:
        text = str(value)
    except Exception:  # decoding of a person name may fail only here
        return ""
    return _CONTROL.sub(" ", text[: 4 * LONGEST_TEXT]).strip()[:LONGEST_TEXT]


def text(ds: Dataset, key: Key) -> str:
    """Text of an element, several values joined by a backslash."""
    return "\\".join(filter(None, map(clean, values(ds, key))))


def texts(ds: Dataset, key: Key) -> tuple[str, ...]:
    return tuple(clean(v) for v in values(ds, key)[:64])


def uid(ds: Dataset, key: Key) -> str:
    """A valid UID, or ""."""
    found = text(ds, key)
    return found if len(found) <= 64 and _UID.match(found) else ""


def as_number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]  # DS, IS, str and bytes all convert
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e15 else None


def number(ds: Dataset, key: Key) -> float | None:
    """First value as a finite number."""
    found = values(ds, key)
    return as_number(found[0]) if found else None


def numbers(ds: Dataset, key: Key, count: int | None = None) -> tuple[float, ...] | None:
    """All values as finite numbers, None where one is not or the count differs."""
    found = [as_number(v) for v in values(ds, key)[:512]]
    if not found or any(v is None for v in found) or (count is not None and len(found) != count):
        return None
    return tuple(v for v in found if v is not None)


def integer(ds: Dataset, key: Key) -> int | None:
    found = number(ds, key)
    return int(found) if found is not None else None


def positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def seconds_of_day(value: str) -> float | None:
    """Seconds since midnight of a TM value (``HHMMSS.FFFFFF``, old ``HH:MM:SS`` too)."""
    match = _TIME.match(value.strip())
    if not match:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    if hour > 23 or minute > 59 or second > 60:
        return None
    return hour * 3600 + minute * 60 + second + float(f"0.{match.group(4) or 0}")


def day_number(value: str) -> int | None:
    """Days since 1970-01-01 of a DA value."""
    match = _DATE.match(value.strip())
    try:
        return (date(*map(int, match.groups())) - _EPOCH).days if match else None
    except ValueError:
        return None


def day_text(value: str) -> str:
    """YYYYMMDD where the value is a date, else ""."""
    digits = value.replace(".", "").replace("-", "")[:8]
    return digits if day_number(digits) is not None else ""


def moment(date_text: str, time_text: str) -> float | None:
    """Seconds since 1970-01-01 (local, no zone); since midnight where there is no date."""
    seconds = seconds_of_day(time_text)
    if seconds is None:
        return None
    return (day_number(date_text) or 0) * 86400.0 + seconds


def datetime_moment(value: str) -> float | None:
    """Seconds since 1970-01-01 of a DT value; its zone is left out, all frames share one."""
    bare = re.split(r"[+-]\d{4}$", value.strip())[0]
    return (
        moment(bare[:8], bare[8:]) if len(bare) >= 10 and day_number(bare[:8]) is not None else None
    )


def iso(moment_s: float | None) -> str:
    """ISO text of a moment; "" where it is unknown, a bare time where its date is."""
    if moment_s is None:
        return ""
    try:
        stamp = datetime(1970, 1, 1) + timedelta(seconds=moment_s)
    except OverflowError:
        return ""
    shown = stamp if moment_s >= 86400 else stamp.time()
    return shown.isoformat(timespec="milliseconds")


def items(ds: Dataset, key: Key) -> list[Dataset]:
    """Items of a sequence, an empty list where it is missing or is no sequence."""
    return [item for item in values(ds, key) if isinstance(item, Dataset)]


def first_item(ds: Dataset, key: Key) -> Dataset:
    found = items(ds, key)
    return found[0] if found else Dataset()
