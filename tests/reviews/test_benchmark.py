"""The benchmark of edits measures and leaves nothing behind."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError

from qperfweb.accounts.models import Site, User
from qperfweb.reviews.models import Reading, ReadingRevision


def test_edits_are_timed_and_rolled_back(run, capsys):
    people = User.objects.count()
    call_command("benchmark_edits", "--json", "--edits", "3")
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["name"] == "edit_p95_ms"
    assert row["ratio"] == pytest.approx(row["value"] / 200)
    assert row["value"] > 0
    assert Reading.objects.count() == ReadingRevision.objects.count() == 0
    assert User.objects.count() == people


def test_without_a_result_the_benchmark_says_what_it_needs(db):
    with pytest.raises(CommandError, match="import an exam"):
        call_command("benchmark_edits")


def test_a_database_without_tables_is_said_in_a_sentence(monkeypatch):
    def missing(*names, **options):
        raise ProgrammingError('relation "accounts_site" does not exist')

    monkeypatch.setattr(Site.objects, "values_list", missing)
    with pytest.raises(CommandError, match="no tables yet; ./run demo"):
        call_command("benchmark_edits")
