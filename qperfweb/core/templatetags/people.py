"""``{% may "agreement.view" as sees_agreement %}``: does the role of whoever looks allow a verb?"""

from __future__ import annotations

from django import template
from django.template.context import RequestContext

from qperfweb.core.permissions import sites_of

register = template.Library()


@register.simple_tag(takes_context=True)
def may(context: RequestContext, verb: str) -> bool:
    """Whether the user may do ``verb`` at one of their sites at least."""
    request = context.get("request")
    return request is not None and bool(sites_of(request.user, verb))
