"""Unique identifiers that depend on nothing but what they name, so that a seed repeats itself."""

from __future__ import annotations

import hashlib
import uuid


def derived_uid(*parts: object) -> str:
    """A UID under 2.25 (UUID-derived, DICOM PS3.5 B.2) from the names of what it identifies."""
    digest = hashlib.sha256("/".join(map(str, ("qperf-phantom", *parts))).encode()).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"
