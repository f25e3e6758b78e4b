"""``{% frontend "viewer" %}``: the built script of a page with its styles, by hashed name."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

ENTRIES = ("src/pages/{}.ts", "src/{}/main.tsx")


@register.simple_tag
def frontend(name: str) -> SafeString:
    """Tags for one page script.

    Nothing where the frontend was never built: forms and messages then come without their look.
    Raises LookupError when it was built without this page.
    """
    manifest = _manifest()
    if not manifest:
        return SafeString("")
    keys = [entry.format(name) for entry in ENTRIES]
    key = next((key for key in keys if key in manifest), None)
    if key is None:
        raise LookupError(f"frontend/dist has no page script {name!r}: npm run build in frontend/")
    chunks = _with_imports(manifest, key)
    styles = dict.fromkeys(css for chunk in chunks for css in manifest[chunk].get("css", ()))
    return format_html(
        '{}{}<script type="module" src="{}"></script>',
        format_html_join(
            "", '<link rel="stylesheet" href="{}">', ((static(css),) for css in styles)
        ),
        format_html_join(
            "",
            '<link rel="modulepreload" href="{}">',
            ((static(manifest[chunk]["file"]),) for chunk in chunks if chunk != key),
        ),
        static(manifest[key]["file"]),
    )


def _with_imports(manifest: dict[str, Any], key: str) -> list[str]:
    """A chunk and everything that it imports at once, what is needed first coming first."""
    found: dict[str, None] = {}
    for imported in manifest[key].get("imports", ()):
        found.update(dict.fromkeys(_with_imports(manifest, imported)))
    return [*found, key]


def _manifest() -> dict[str, Any]:
    path = Path(settings.FRONTEND_DIST) / "manifest.json"
    return _read(path, path.stat().st_mtime_ns) if path.is_file() else {}


@lru_cache(maxsize=2)
def _read(path: Path, _modified_ns: int) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest
