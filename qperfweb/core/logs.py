"""Log lines, for people or as JSON: time, level, logger, request id, message; no patient data."""

from __future__ import annotations

import json
import logging
import re
import time
import warnings
from types import TracebackType
from typing import TextIO

from qperfweb.core.request_id import current_request_id

_ROW_VALUES = re.compile(r"(DETAIL|CONTEXT|HINT|Failing row contains)\b.*", re.DOTALL)
_KEY_VALUES = re.compile(r"\)=\([^)]*\)")

ExceptionInformation = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


def without_row_values(text: str) -> str:
    """PostgreSQL's messages without the values of the row that they are about."""
    return _KEY_VALUES.sub(")=(...)", _ROW_VALUES.sub("(row values left out)", text))


def tell_warnings_without_words() -> None:
    """From now on a library's warning is told by kind and place: its words may name a patient."""
    warnings.showwarning = _told


def _told(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    logging.getLogger("py.warnings").warning("%s at %s:%d", category.__name__, filename, lineno)


class LineFormatter(logging.Formatter):
    """One line per record; a traceback follows with database row values left out."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(request)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        request_id = current_request_id()
        record.request = f" [{request_id}]" if request_id else ""
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).replace("\n", " ")

    def formatException(self, exc_info: ExceptionInformation) -> str:
        return without_row_values(super().formatException(exc_info))


class JsonFormatter(LineFormatter):
    """One JSON object per record, for programs that gather logs."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_request_id():
            told["request"] = request_id
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)
