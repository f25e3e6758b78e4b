"""Codes of records in words, for people; programs get the codes (CSV, audit messages)."""

from __future__ import annotations

import re

from django import template
from django.apps import apps

register = template.Library()


@register.filter
def in_words(code: object) -> str:
    """``reading.signed`` is "reading: signed", ``NothingToAnalyse`` "nothing to analyse"."""
    text = str(code or "")
    if re.fullmatch(r"([A-Z][a-z]+){2,}", text):
        return re.sub(r"(?<!^)(?=[A-Z])", " ", text).capitalize()
    if re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", text):
        return text.replace(".", ": ").replace("_", " ")
    return text


@register.filter
def kind_in_words(label: str) -> str:
    """``runs.analysisrun`` is "analysis run"; a kind that no longer exists stays as it is."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label
