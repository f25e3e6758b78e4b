"""What a DICOMweb client accepts: the Accept header with PS3.18's media type parameters."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

from rest_framework.request import Request

from analysis.dicom.transcoder import COMPRESSIONS, EXPLICIT_LITTLE, IMPLICIT_LITTLE, TARGETS

PLAIN = "application/octet-stream"
DICOM = "application/dicom"
JSON_TYPES = ("application/dicom+json", "application/json")
COMPRESSED_TYPES = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70)), "image/jpeg"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (80, 81)), "image/jls"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (90, 91)), "image/jp2"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (201, 202, 203)), "image/jphc"),
}
"""Media type of one compressed frame by transfer syntax (PS3.18 table 8.7.3-5)."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """One entry. media_type: of the parts where ``multipart``; quality: from 0 to 1."""

    media_type: str
    multipart: bool
    transfer_syntax: str
    quality: float


def accepted(request: Request) -> list[Accepted]:
    """What the client takes, dearest first; anything where it does not say."""
    text = request.query_params.get("accept") or request.headers.get("Accept") or "*/*"
    entries = [_entry(part) for part in _split(text)[:32]]
    wanted = [entry for entry in entries if entry is not None and entry.quality > 0]
    return sorted(wanted, key=lambda entry: -entry.quality)


def fits(wanted: list[Accepted], media_type: str) -> bool:
    """Does the client take this media type? Any transfer syntax (``*``) means any type too."""
    whole = f"{media_type.partition('/')[0]}/*"
    return any(
        entry.media_type in (media_type, whole, "*/*")
        or (entry.media_type == PLAIN and entry.transfer_syntax == "*")
        for entry in wanted
    )


def single_part(wanted: list[Accepted], media_type: str) -> bool:
    """Would the client rather have it bare than as multipart/related? (Named, and named first.)"""
    for entry in wanted:
        if entry.multipart or entry.media_type == "*/*":
            return False
        if entry.media_type == media_type:
            return True
    return False


def object_syntax(wanted: list[Accepted], stored: str) -> str | None:
    """Transfer syntax in which the client takes a whole object; None where there is none.

    Who names no transfer syntax gets Explicit VR Little Endian, as PS3.18 8.7.3.5 has it; who says
    ``*`` gets what is stored. Between equals what is stored wins: it costs nothing.
    """
    found = []
    for entry in wanted:
        if entry.media_type in (DICOM, "application/*", "*/*"):
            named = entry.transfer_syntax or EXPLICIT_LITTLE
            syntax = stored if named == "*" else named
            if syntax == stored or syntax in TARGETS:
                found.append((-entry.quality, syntax != stored, syntax))
    return min(found)[2] if found else None


def frame_syntax(wanted: list[Accepted], stored: str) -> str | None:
    """Transfer syntax in which the client takes frames; None where there is none.

    stored: that of the object; Explicit VR Little Endian stands for everything uncompressed.
    """
    found = []
    for entry in wanted:
        for syntax in _offered(entry, stored):
            found.append((-entry.quality, syntax != stored, syntax))
            break
    return min(found)[2] if found else None


def _offered(entry: Accepted, stored: str) -> list[str]:
    """Transfer syntaxes of frames that an entry allows and we have, the best first."""
    named, kind = entry.transfer_syntax, COMPRESSED_TYPES.get(stored, PLAIN)
    alike = {kind, f"{kind.partition('/')[0]}/*", PLAIN, "*/*"}
    if named in ("*", stored) and entry.media_type in alike:
        return [stored]
    if named in ("", EXPLICIT_LITTLE, IMPLICIT_LITTLE) and entry.media_type in (
        PLAIN, "application/*", "*/*",
    ):  # fmt: skip
        return [EXPLICIT_LITTLE]
    return [
        syntax
        for syntax in (stored, *sorted(COMPRESSIONS))
        if entry.media_type in (COMPRESSED_TYPES.get(syntax), "image/*")
        and syntax in COMPRESSED_TYPES
        and named in ("", "*", syntax)
    ]


def _split(text: str) -> list[str]:
    """At commas that stand outside quotes."""
    parts, quoted, piece = [], False, ""
    for letter in text[:4000]:
        quoted ^= letter == '"'
        if letter == "," and not quoted:
            parts.append(piece)
            piece = ""
        else:
            piece += letter
    return [*parts, piece]


def _entry(text: str) -> Accepted | None:
    message = Message()
    message["Content-Type"] = text.replace("\r", " ").replace("\n", " ").strip()
    media_type = message.get_content_type() if "/" in text else ""
    if not media_type:
        return None

    def parameter(name: str) -> str:
        value = message.get_param(name)
        return value.strip() if isinstance(value, str) else ""

    multipart = media_type == "multipart/related"
    try:
        quality = min(1.0, max(0.0, float(parameter("q") or 1)))
    except ValueError:
        quality = 1.0
    return Accepted(
        media_type=(parameter("type") or "*/*") if multipart else media_type,
        multipart=multipart,
        transfer_syntax=parameter("transfer-syntax"),
        quality=quality,
    )
