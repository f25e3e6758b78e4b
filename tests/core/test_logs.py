"""The log names requests and errors, not patients."""

from __future__ import annotations

import json
import logging
import sys
import warnings

from qperfweb.core.logs import (
    JsonFormatter,
    LineFormatter,
    tell_warnings_without_words,
    without_row_values,
)

FAILURE = (
    'duplicate key value violates unique constraint "patient"\n'
    "DETAIL:  Key (issuer, patient_id)=(HOSP, 12345) already exists."
)


def test_row_values_of_database_errors_stay_out_of_the_log():
    try:
        raise RuntimeError(FAILURE)
    except RuntimeError:
        record = logging.LogRecord(
            "qperfweb", logging.ERROR, __file__, 1, "could not save", None, sys.exc_info()
        )
    line = LineFormatter().format(record)
    assert "violates unique constraint" in line
    assert "12345" not in line


def test_a_key_on_one_line_loses_its_value_only():
    assert without_row_values("Key (id)=(12345) is taken") == "Key (id)=(...) is taken"


def test_a_message_cannot_forge_a_second_line():
    record = logging.LogRecord("a", logging.INFO, __file__, 1, "one\ntwo", None, None)
    assert "\n" not in LineFormatter().format(record)


def test_a_json_record_is_one_object_without_row_values():
    try:
        raise RuntimeError(FAILURE)
    except RuntimeError:
        record = logging.LogRecord(
            "qperfweb", logging.ERROR, __file__, 1, "could not\nsave %s", (7,), sys.exc_info()
        )
    line = JsonFormatter().format(record)
    told = json.loads(line)
    assert "\n" not in line
    assert (told["level"], told["logger"], told["message"]) == (
        "ERROR", "qperfweb", "could not\nsave 7",
    )  # fmt: skip
    assert "violates unique constraint" in told["exception"]
    assert "12345" not in line


def test_a_warning_of_a_library_is_told_without_its_words(caplog, capsys):
    """highdicom quotes a patient's name in a warning when it has one part only."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        tell_warnings_without_words()
        warnings.warn('The string "Doe" is unlikely to be a name', UserWarning, stacklevel=1)
    assert "UserWarning at " in caplog.text
    assert "Doe" not in caplog.text + capsys.readouterr().err
