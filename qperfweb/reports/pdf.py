"""The report as PDF, typeset by Typst."""

from __future__ import annotations

import json
from pathlib import Path

import typst

from qperfweb.reviews.models import Reading

from .report import report_of

TEMPLATE = Path(__file__).with_name("template.typ")


def render_pdf(reading: Reading, *, paper: str = "a4") -> bytes:
    """Pages of one reading at its newest revision, on ``a4`` or ``us-letter``."""
    values, pictures = report_of(reading)
    values["paper"] = paper
    files = {name: svg.encode() for name, svg in pictures.items()}
    return typst.compile(
        {"main.typ": TEMPLATE.read_bytes(), **files},
        sys_inputs={"report": json.dumps(values)},
        ignore_system_fonts=True,
    )
