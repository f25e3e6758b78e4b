"""``{% set_aside_count as waiting %}``: how many objects wait for a decision of whoever looks."""

from __future__ import annotations

from django import template
from django.template.context import RequestContext

from qperfweb.core.permissions import Verb, sites_of
from qperfweb.studies.queries import open_problems

register = template.Library()


@register.simple_tag(takes_context=True)
def set_aside_count(context: RequestContext) -> int:
    request = context.get("request")
    sites = sites_of(request.user, Verb.CLASSIFY) if request is not None else []
    return open_problems(tuple(sites)).count() if sites else 0
