"""What a DICOMweb client accepts: the Accept header with PS3.18's media type parameters."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

from rest_framework.request import Request

PLAIN = "application/octet-stream"


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


def wants_plain(wanted: list[Accepted]) -> bool:
    """Are only uncompressed frames of use to the client?"""
    return bool(wanted) and all(
        entry.media_type == PLAIN and entry.transfer_syntax in ("", "1.2.840.10008.1.2.1")
        for entry in wanted
    )


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
