"""The report as PDF, typeset by Typst."""

from __future__ import annotations

import json
from pathlib import Path

import typst

from qperfweb.reviews.models import Reading

from .report import report_of

TEMPLATE = Path(__file__).with_name("template.typ")


def render_pdf(reading: Reading) -> bytes:
    """A4 pages of one reading at its newest revision."""
    values, pictures = report_of(reading)
    files = {name: svg.encode() for name, svg in pictures.items()}
    return typst.compile(
        {"main.typ": TEMPLATE.read_bytes(), **files},
        sys_inputs={"report": json.dumps(values)},
        ignore_system_fonts=True,
    )
