"""What the documents tell people to type exists."""

from __future__ import annotations

import re
from pathlib import Path

from django.core.management import get_commands

from tests.database import ROOT
from tests.setup.test_problems import COMMANDS

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OPERATIONS = ROOT / "docs" / "operations.md"
STARTED_BY_RUN = {"QPERF_DATABASE_LOGIN", "QPERF_DATABASE_KEPT"}
"""Set by ./run for the processes that it starts, not by people."""


def named(pattern: str, files: list[Path]) -> set[str]:
    return {found for file in files for found in re.findall(pattern, file.read_text("utf-8"))}


def test_every_run_command_that_is_mentioned_exists():
    assert named(r"(?m)(?:`|^)\./run ([a-z][a-z-]*)", DOCUMENTS) - set(COMMANDS) == set()


def test_every_manage_command_that_is_mentioned_exists():
    assert named(r"\./run manage ([a-z_]+)", DOCUMENTS) - set(get_commands()) == set()


def test_the_settings_reference_lists_every_variable_and_no_other():
    sources = [*(ROOT / "qperfweb").rglob("*.py"), ROOT / "run"]
    read = named(r"\"((?:QPERF_|DATABASE_)[A-Z_]+)\"", sources) - STARTED_BY_RUN
    described = named(r"`((?:QPERF_|DATABASE_)[A-Z_]+)[`=]", [OPERATIONS])
    assert described == read


def test_every_link_between_documents_leads_somewhere():
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_readme_says_once_what_it_is_not():
    assert (ROOT / "README.md").read_text("utf-8").count("not a cleared medical device") == 1


def test_every_test_that_a_document_names_exists():
    missing = []
    for path, name in named(r"`(tests/[\w/]+\.py)::(\w+)`", DOCUMENTS):
        file = ROOT / path
        if not file.is_file() or f"def {name}(" not in file.read_text("utf-8"):
            missing.append(f"{path}::{name}")
    assert missing == []
