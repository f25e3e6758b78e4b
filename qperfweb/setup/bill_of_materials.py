"""The CycloneDX document: what is installed, where it is from, what asks for it."""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_SPDX = re.compile(r"^[A-Za-z0-9.+() -]{2,100}$")

Json = dict[str, Any]


@dataclass
class Package:
    """An installed Python package. wants: name of each requirement with its extras."""

    name: str
    version: str
    license: str
    requires: list[str] = field(default_factory=list)

    @property
    def reference(self) -> str:
        return f"pkg:pypi/{_plain(self.name)}@{self.version}"

    def wants(self, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
        for line in self.requires:
            requirement, _, marker = line.partition(";")
            extra = _EXTRA.search(marker)
            if extra is None or extra.group(1) in extras:
                yield _named(requirement)


def bill_of_materials(root: Path, packages: Path, *, made_at: time.struct_time) -> Json:
    """The document of the product in ``root`` with the Python packages in ``packages``."""
    version = _version(root)
    needed, asks_for = _python(root, packages)
    components = [_python_component(package) for package in needed.values()]
    components += list(_frontend_components(root))
    components += list(_model_components(root))
    known = json.dumps([component["bom-ref"] for component in components])
    product = f"pkg:generic/qperfweb@{version}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{product} {known}')}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", made_at),
            "component": {
                "type": "application",
                "name": "qperfweb",
                "version": version,
                "bom-ref": product,
            },
        },
        "components": components,
        "dependencies": [
            {"ref": product, "dependsOn": [c["bom-ref"] for c in components]},
            *({"ref": name, "dependsOn": sorted(on)} for name, on in asks_for.items()),
        ],
    }


def _python(root: Path, packages: Path) -> tuple[dict[str, Package], dict[str, set[str]]]:
    """Installed packages that requirements.txt reaches, and what each asks for."""
    installed = {_plain(p.name): p for p in map(_read, packages.glob("*.dist-info/METADATA"))}
    lines = (root / "requirements.txt").read_text("utf-8").splitlines()
    waiting = [_named(line) for line in lines if line and line[0] not in "#-"]
    seen: set[tuple[str, frozenset[str]]] = set()
    needed: dict[str, Package] = {}
    asks_for: dict[str, set[str]] = {}
    while waiting:
        name, extras = waiting.pop()
        package = installed.get(name)
        if package is None or (name, extras) in seen:
            continue  # wanted on other systems only
        seen.add((name, extras))
        needed[name] = package
        wanted = list(package.wants(extras))
        found = {installed[other].reference for other, _ in wanted if other in installed}
        asks_for.setdefault(package.reference, set()).update(found)
        waiting += wanted
    return dict(sorted(needed.items())), dict(sorted(asks_for.items()))


def _read(metadata: Path) -> Package:
    told = HeaderParser().parsestr(metadata.read_text("utf-8", errors="replace"))
    classified = [
        value.rpartition("::")[2].strip()
        for value in told.get_all("Classifier", [])
        if value.startswith("License ::")
    ]
    short = (told.get("License") or "").strip().splitlines() or [""]
    licence = told.get("License-Expression") or (classified[:1] or [short[0]])[0]
    return Package(
        name=str(told["Name"]),
        version=str(told["Version"]),
        license=str(licence),
        requires=[str(line) for line in told.get_all("Requires-Dist", [])],
    )


def _python_component(package: Package) -> Json:
    component: Json = {
        "type": "library",
        "name": package.name,
        "version": package.version,
        "purl": package.reference,
        "bom-ref": package.reference,
    }
    if _SPDX.match(package.license):
        component["licenses"] = [{"license": {"name": package.license}}]
    return component


def _frontend_components(root: Path) -> Iterator[Json]:
    """What the browser gets; packages that only build it are marked."""
    lock = json.loads((root / "frontend" / "package-lock.json").read_text("utf-8"))
    seen = set()
    for place, told in sorted(lock["packages"].items()):
        name = place.rpartition("node_modules/")[2]
        if not name or "version" not in told:
            continue
        reference = f"pkg:npm/{name.replace('@', '%40')}@{told['version']}"
        if reference in seen:
            continue
        seen.add(reference)
        component: Json = {
            "type": "library",
            "name": name,
            "version": told["version"],
            "scope": "excluded" if told.get("dev") else "required",
            "purl": reference,
            "bom-ref": reference,
        }
        if isinstance(told.get("license"), str):
            component["licenses"] = [{"license": {"name": told["license"]}}]
        yield component


def _model_components(root: Path) -> Iterator[Json]:
    for weights in sorted((root / "models").glob("*/*/weights.safetensors")):
        version, name = weights.parent.name, weights.parent.parent.name
        yield {
            "type": "machine-learning-model",
            "name": name,
            "version": version,
            "bom-ref": f"model/{name}@{version}",
            "hashes": [{"alg": "SHA-256", "content": _sha256(weights)}],
        }


def _named(requirement: str) -> tuple[str, frozenset[str]]:
    found = _REQUIREMENT.match(requirement.strip())
    assert found is not None, requirement
    extras = (extra.strip() for extra in (found.group(2) or "").split(","))
    return _plain(found.group(1)), frozenset(extra for extra in extras if extra)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _version(root: Path) -> str:
    found = re.search(r'(?m)^version = "([^"]+)"', (root / "pyproject.toml").read_text("utf-8"))
    return found.group(1) if found else "unknown"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
