"""The bill of materials is valid CycloneDX and names what is really there."""

from __future__ import annotations

import json
import re
import sysconfig
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from qperfweb.setup.bill_of_materials import bill_of_materials
from tests.database import ROOT


@pytest.fixture(scope="module")
def bill():
    return bill_of_materials(ROOT, Path(sysconfig.get_path("purelib")), made_at=time.gmtime(0))


# Of the library that reads the list; not of our code.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_is_valid(bill):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill))
    assert problem is None, problem


def test_every_requirement_is_in_it_with_its_version(bill):
    there = {c["purl"]: c for c in bill["components"] if "purl" in c}
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line and line[0] not in "#-":
            name = re.split(r"[\[=]", line)[0]
            assert f"pkg:pypi/{name.lower().replace('_', '-')}@{version(name)}" in there
    assert "pkg:pypi/sqlparse@" in " ".join(there)  # Django's, not asked for by name


def test_tools_of_development_and_weights_are_told_apart(bill):
    names = {c["name"]: c for c in bill["components"]}
    assert "pytest" not in names
    assert names["react"]["scope"] == "required"
    assert names["vite"]["scope"] == "excluded"
    assert names["segmentation"]["type"] == "machine-learning-model"
    assert len(names["segmentation"]["hashes"][0]["content"]) == 64


def test_dependencies_lead_only_to_what_is_in_it(bill):
    known = {c["bom-ref"] for c in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    for one in bill["dependencies"]:
        assert {one["ref"], *one["dependsOn"]} <= known
