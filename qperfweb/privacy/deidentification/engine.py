"""Carry the profile out on one object: headers at every depth, private attributes, dates, UIDs.

UIDs are replaced under a key of the site, so that objects sent at different times still belong
together; dates of one patient all move by the same number of days. Private attributes go, but for
the few numbers that pixels cannot be read without. What is left is searched for the patient's name
and numbers, and an object in which they are found is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.uid import UID

from .descriptions import cleaned_words, plain, words_of
from .profile import CLEANED, SAFE_PRIVATE, Action, Profile

METHOD = "QPerf Web, PS3.15 Annex E Basic Profile"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_STANDARD_UID = "1.2.840.10008."
_OVERLAYS = range(0x6000, 0x6100, 2)
_CURVES = range(0x5000, 0x5100, 2)
_ENHANCED = "1.2.840.10008.5.1.4.1.1.4."
"""Enhanced MR objects: a device serial number has to have a value there."""
_PIXELS = {"PixelData", "FloatPixelData", "DoubleFloatPixelData"}
_OF_THE_MAKER = {"Manufacturer", "ManufacturerModelName", "SoftwareVersions"}
"""The scanner's maker writes these, and has a name that people have, too: Philips is one."""
_NOT_SEARCHED = _PIXELS | _OF_THE_MAKER
_NUMBERS = {"US", "SS", "FD", "FL", "UI"}


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whose objects these are: the name that they get, the days by which dates move, the secret.

    known: words that must not be found afterwards (name, IDs, accession number).
    """

    name: str
    shift_days: int
    key: bytes
    known: tuple[str, ...] = ()


class NotClean(Exception):
    """The object still says who the patient is; ``places`` names the attributes."""

    def __init__(self, places: list[str]) -> None:
        super().__init__(", ".join(places))
        self.places = places


def may_have_burned_in_text(dataset: Dataset) -> str:
    """Why the pixels of an object may name the patient; empty when nothing says so."""
    if str(dataset.get("BurnedInAnnotation", "")).upper() == "YES":
        return "its header says that text is burned into the image"
    if str(dataset.get("SOPClassUID", "")).startswith(SECONDARY_CAPTURE):
        return "it is a secondary capture, which may show the patient's name"
    kinds = {str(value).upper() for value in _values(dataset.get("ImageType"))}
    if {"SCREEN SAVE", "SCREENSHOT", "SECONDARY CAPTURE"} & kinds:
        return "it is a picture of a screen"
    if str(dataset.get("SOPClassUID", "")).startswith("1.2.840.10008.5.1.4.1.1.104"):
        return "it is a document, which may name the patient"
    return ""


def deidentify(dataset: Dataset, person: Person, profile: Profile) -> Dataset:
    """The object without the patient's identity; ``dataset`` itself is changed.

    Raises NotClean when the patient's name or numbers are still found in it.
    """
    _clean(dataset, person, profile)
    if str(dataset.get("SOPClassUID", "")).startswith(_ENHANCED):
        dataset.DeviceSerialNumber = dataset.get("DeviceSerialNumber") or "REMOVED"
    dataset.PatientName = person.name
    dataset.PatientID = person.name
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = METHOD
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"
    dataset.DeidentificationMethodCodeSequence = Sequence(
        _code(value, meaning) for value, meaning in profile.codes
    )
    if "file_meta" in dataset.__dict__:
        for name in ("SourceApplicationEntityTitle", "PrivateInformationCreatorUID",
                     "PrivateInformation", "SendingApplicationEntityTitle",
                     "ReceivingApplicationEntityTitle"):  # fmt: skip
            if name in dataset.file_meta:
                del dataset.file_meta[name]
        if "SOPInstanceUID" in dataset:
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.preamble = b"\0" * 128
    places = sorted(set(residues(dataset, person.known)))
    if places:
        raise NotClean(places)
    return dataset


def new_uid(old: str, key: bytes) -> str:
    """The UID that replaces ``old``: always the same for one key, and not to be traced back."""
    digest = hmac.new(key, b"uid:" + old.encode(), hashlib.sha256).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=4).int}"


def residues(dataset: Dataset, known: tuple[str, ...], path: str = "") -> Iterator[str]:
    """Attributes, at any depth, in which one of the known words is found."""
    words = words_of(known)
    for element in dataset:
        where = f"{path}{element.keyword or element.tag}"
        if element.VR == "SQ":
            for item in element.value or ():
                yield from residues(item, known, f"{where}.")
        elif element.keyword not in _NOT_SEARCHED and element.VR not in _NUMBERS:
            text = plain(_text(element.value))
            if any(_stands_in(word, text) for word in words):
                yield where


def _clean(dataset: Dataset, person: Person, profile: Profile) -> None:
    for tag in list(dataset.keys()):
        element = dataset[tag]
        if tag.is_private:
            if not _is_safe_private(dataset, element):
                del dataset[tag]
            elif element.VR == "SQ":
                element.value = _safe_items(element.value)
        elif tag.group in _OVERLAYS or tag.group in _CURVES:
            del dataset[tag]
        else:
            _carry_out(dataset, element, person, profile)
    # What is left of private groups is their safe numbers; a creator without any goes, too.
    tags = list(dataset.keys())
    for creator in [tag for tag in tags if tag.is_private_creator]:
        block = creator.element << 8
        if not any(t.group == creator.group and t.element & 0xFF00 == block for t in tags):
            del dataset[creator]


def _carry_out(dataset: Dataset, element: DataElement, person: Person, profile: Profile) -> None:
    keyword, tag = element.keyword, element.tag
    if element.VR in ("DA", "DT"):
        if keyword == "PatientBirthDate":
            element.value = ""
        else:
            element.value = _moved(element.value, person.shift_days)
        return
    if element.VR == "TM" and keyword != "PatientBirthTime":
        return  # the time of day is kept: frames are ordered by it
    if keyword in CLEANED:
        element.value = cleaned_words(element.value, words_of(person.known))
        return
    action = profile.action(tag, keyword)
    if action is Action.REMOVE:
        del dataset[tag]
    elif action is Action.EMPTY:
        element.value = Sequence() if element.VR == "SQ" else _nothing(element)
    elif action is Action.DUMMY:
        _give_dummy(dataset, element, person)
    elif element.VR == "SQ":
        for item in element.value or ():
            _clean(item, person, profile)
    elif element.VR == "UI" and (action is Action.UID or _is_instance_uid(element)):
        element.value = _mapped(element.value, person.key)
    elif element.VR in ("PN", "UN"):
        # Names that the table does not list, and what nobody knows how to read.
        del dataset[tag]


def _give_dummy(dataset: Dataset, element: DataElement, person: Person) -> None:
    if element.VR == "SQ":
        del dataset[element.tag]
    elif element.VR in ("AE", "CS", "LO", "LT", "SH", "ST", "UC", "UT", "PN"):
        element.value = "REMOVED"
    elif element.VR == "UI":
        element.value = _mapped(element.value, person.key)
    else:
        del dataset[element.tag]


def _is_safe_private(dataset: Dataset, element: DataElement) -> bool:
    tag = element.tag
    if tag.is_private_creator:
        names = {creator for creator, group, _ in SAFE_PRIVATE if group == tag.group}
        return str(element.value) in names
    creator = dataset.get((tag.group, tag.element >> 8))
    name = str(creator.value) if creator is not None else ""
    wanted = SAFE_PRIVATE.get((name, tag.group, tag.element & 0xFF))
    return wanted is not None and wanted == element.VR


def _safe_items(items: Any) -> Sequence:
    """Items with the safe private numbers alone: nobody says what else a vendor put there."""
    kept = Sequence()
    for item in items or ():
        for tag in list(item.keys()):
            if item[tag].VR == "SQ" or not (tag.is_private and _is_safe_private(item, item[tag])):
                del item[tag]
        kept.append(item)
    return kept


def _is_instance_uid(element: DataElement) -> bool:
    """A UID that is no term of the standard names something of this patient."""
    return any(not str(value).startswith(_STANDARD_UID) for value in _values(element.value))


def _mapped(value: Any, key: bytes) -> Any:
    if isinstance(value, MultiValue | list):
        return [_mapped(one, key) for one in value]
    text = str(value or "")
    if not text or text.startswith(_STANDARD_UID):
        return value
    return UID(new_uid(text, key))


def _moved(value: Any, days: int) -> Any:
    """Dates, date ranges and date-times moved by whole days; nothing where one cannot be read."""
    if isinstance(value, MultiValue | list):
        return [_moved(one, days) for one in value]
    text = str(value or "")
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8])) + timedelta(days=days)
    except (ValueError, OverflowError):
        return ""
    return f"{day:%Y%m%d}{text[8:]}"


def _nothing(element: DataElement) -> Any:
    return b"" if element.VR in ("OB", "OW", "UN") else None if element.VR in ("US", "FD") else ""


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = "DCM"
    item.CodeMeaning = meaning[:64]
    return item


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, MultiValue | list | tuple) else [value]


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("latin-1")
    return " ".join(_text(one) if isinstance(one, bytes) else str(one) for one in _values(value))


def _stands_in(word: str, text: str) -> bool:
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is not None
