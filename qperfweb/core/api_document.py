"""What the OpenAPI document says of every operation: how a refusal looks."""

from __future__ import annotations

from typing import Any

ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "detail", "field"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "detail": {},
                "field": {"type": "string", "nullable": True},
            },
        }
    },
}


def describe_refusals(result: dict[str, Any], **generator: Any) -> dict[str, Any]:
    """drf-spectacular's hook: whatever is not described otherwise has the one error shape."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = ERROR
    refusal = {
        "description": "Refused; see core/errors.py for the codes.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("default", refusal)
    return result
