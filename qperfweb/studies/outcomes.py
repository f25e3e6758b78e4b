"""What happened to one object that was handed in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["accepted", "duplicate", "refused", "set_aside"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """name: as the sender knows it; code and message: why it was refused or set aside."""

    name: str
    status: Status
    code: str = ""
    message: str = ""
    study_id: int | None = None
    sop_instance_uid: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
