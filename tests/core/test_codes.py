"""Codes of records in words."""

from __future__ import annotations

import pytest

from qperfweb.core.templatetags.codes import in_words, kind_in_words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("reading.signed", "reading: signed"),
        ("person.second_factor_reset", "person: second factor reset"),
        ("NothingToAnalyse", "Nothing to analyse"),
        ("The worker was stopped.", "The worker was stopped."),
        ("Mistaken", "Mistaken"),
        (None, ""),
    ],
)
def test_a_code_is_shown_in_words_and_a_sentence_as_it_is(code, words):
    assert in_words(code) == words


def test_a_kind_of_record_is_named_as_people_name_it():
    assert kind_in_words("runs.analysisrun") == "analysis run"
    assert kind_in_words("studies.gone") == "studies.gone"
