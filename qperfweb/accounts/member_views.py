"""Pages about other people: members of a site, and everybody for system administrators."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from qperfweb.accounts import people, services
from qperfweb.accounts.models import Membership, Site, User
from qperfweb.accounts.second_factor import FACTORS
from qperfweb.core.errors import Invalid, NotAllowed, NotFound
from qperfweb.core.permissions import Role, Verb, can, is_system_administrator, sites_of

PAGE_SIZE = 50


class InviteForm(forms.Form):
    """Somebody who becomes a member."""

    username = forms.CharField(max_length=80, label="User name")
    full_name = forms.CharField(max_length=150, required=False, label="Full name")
    email = forms.EmailField(required=False, label="E-mail")
    roles = forms.MultipleChoiceField(choices=Role.choices, label="Roles")


class SiteForm(forms.Form):
    """A new site."""

    slug = forms.SlugField(max_length=40, label="Short name")
    name = forms.CharField(max_length=120, label="Name")


@require_safe
@login_required
@never_cache
def members(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The members of one site, their roles and whether they have a second factor."""
    sites = _managed(request)
    site = _site(request, slug) if slug else sites.first()
    if site is None:  # an installation without any site yet
        return HttpResponseRedirect(reverse("people"))
    rows = User.objects.filter(memberships__site=site).distinct().order_by("username")
    held: dict[int, set[str]] = {}
    for user_id, role in Membership.objects.filter(site=site).values_list("user_id", "role"):
        held.setdefault(user_id, set()).add(role)
    context = {
        "sites": sites,
        "site": site,
        "roles": Role.choices,
        "members": [(person, held.get(person.pk, set())) for person in _with_factor(rows)],
        "may_change_site": can(request.user, Verb.MANAGE_SITE, site),
        "form": InviteForm(),
    }
    return render(request, "accounts/members.html", context)


@require_POST
@login_required
def member_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Add somebody by user name or e-mail; a new person gets an address to choose a password."""
    site = _site(request, slug)
    by: Any = request.user
    form = InviteForm(request.POST)
    if not form.is_valid():
        raise Invalid(_first_error(form))
    wanted = form.cleaned_data
    person, is_new = people.person_invite(
        by, username=wanted["username"], email=wanted["email"], full_name=wanted["full_name"]
    )
    people.roles_set(by, person, site, {*_roles_of(person, site), *wanted["roles"]})
    if is_new:
        _show_link(request, person)
    else:
        messages.success(request, f"{person.display_name} had an account and is a member now.")
    return _back_to(site)


@require_POST
@login_required
def member_change(request: HttpRequest, slug: str, user_id: int) -> HttpResponse:
    """Set somebody's roles at the site; none removes them from it."""
    site = _site(request, slug)
    by: Any = request.user
    person = get_object_or_404(User, pk=user_id)
    if not _roles_of(person, site):
        raise NotFound("This person is no member of the site.")
    if request.POST.get("action") == "link":
        _show_link(request, person)
        return _back_to(site)
    roles = [] if request.POST.get("action") == "remove" else request.POST.getlist("roles")
    people.roles_set(by, person, site, roles)
    change = "is no member any more" if not roles else "has these roles now"
    messages.success(request, f"{person.display_name} {change}.")
    return _back_to(site)


@require_POST
@login_required
def site_settings(request: HttpRequest, slug: str) -> HttpResponse:
    site = _site(request, slug)
    by: Any = request.user
    people.site_change(by, site, second_factor_required="second_factor" in request.POST)
    messages.success(request, "The settings of the site are saved.")
    return _back_to(site)


@require_safe
@login_required
@never_cache
def everybody(request: HttpRequest) -> HttpResponse:
    """Everybody with an account, for system administrators; no patient data here."""
    _require_system_administrator(request)
    rows = User.objects.prefetch_related("memberships__site").order_by("-is_active", "username")
    text = request.GET.get("q", "").strip()
    if text:
        rows = rows.filter(
            Q(username__icontains=text) | Q(full_name__icontains=text) | Q(email__icontains=text)
        )
    page = Paginator(_with_factor(rows), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "q": text,
        "sites": Site.objects.all(),
        "form": InviteForm(),
        "site_form": SiteForm(),
    }
    return render(request, "accounts/people.html", context)


@require_POST
@login_required
def person_add(request: HttpRequest) -> HttpResponse:
    """A new account without any membership."""
    _require_system_administrator(request)
    form = InviteForm(request.POST)
    form.fields["roles"].required = False
    if not form.is_valid():
        raise Invalid(_first_error(form))
    wanted = form.cleaned_data
    by: Any = request.user
    person, is_new = people.person_invite(
        by, username=wanted["username"], email=wanted["email"], full_name=wanted["full_name"]
    )
    if not is_new:
        raise Invalid("There is an account with this user name or e-mail address already.")
    _show_link(request, person)
    return HttpResponseRedirect(reverse("people"))


@require_POST
@login_required
def person_change(request: HttpRequest, user_id: int) -> HttpResponse:
    """One change to one account, named by ``action``."""
    _require_system_administrator(request)
    by: Any = request.user
    person = get_object_or_404(User, pk=user_id)
    action = request.POST.get("action", "")
    if action == "close":
        people.person_close(by, person)
    elif action == "reopen":
        people.person_reopen(by, person)
    elif action == "rename":
        name, email = request.POST.get("full_name", ""), request.POST.get("email", "")
        people.person_rename(by, person, full_name=name, email=email)
    elif action in ("make_administrator", "unmake_administrator"):
        people.administrator_set(by, person, is_administrator=action == "make_administrator")
    elif action == "reset_second_factor":
        people.second_factor_reset(by, person)
    elif action == "link":
        _show_link(request, person)
        return HttpResponseRedirect(reverse("people"))
    else:
        raise Invalid("There is no such action.")
    messages.success(request, f"Done: {person.display_name}.")
    return HttpResponseRedirect(reverse("people"))


@require_POST
@login_required
def site_add(request: HttpRequest) -> HttpResponse:
    _require_system_administrator(request)
    form = SiteForm(request.POST)
    if not form.is_valid():
        raise Invalid(_first_error(form))
    wanted = form.cleaned_data
    if Site.objects.filter(Q(slug=wanted["slug"]) | Q(name=wanted["name"])).exists():
        raise Invalid("There is a site of this name already.")
    by: Any = request.user
    services.site_ensure(wanted["slug"], wanted["name"], by=by)
    messages.success(request, f"{wanted['name']} is there. Give it a site administrator.")
    return HttpResponseRedirect(reverse("members-of", args=[wanted["slug"]]))


def _managed(request: HttpRequest) -> QuerySet[Site]:
    if is_system_administrator(request.user):
        return Site.objects.order_by("name")
    found = Site.objects.filter(pk__in=sites_of(request.user, Verb.MANAGE_SITE)).order_by("name")
    if not found or getattr(request.user, "token_verbs", None) is not None:
        raise NotAllowed("This page is for site administrators.")
    return found


def _site(request: HttpRequest, slug: str) -> Site:
    site = Site.objects.filter(slug=slug).first()
    if site is not None and _managed(request).filter(pk=site.pk).exists():
        return site
    if site is not None and site.pk in sites_of(request.user):
        raise NotAllowed("This page is for the site's administrators.")
    raise NotFound()


def _require_system_administrator(request: HttpRequest) -> None:
    if not is_system_administrator(request.user):
        raise NotAllowed("This page is for system administrators.")


def _with_factor(rows: QuerySet[User]) -> Any:
    own = Authenticator.objects.filter(user_id=OuterRef("pk"), type__in=FACTORS)
    return rows.annotate(second_factor=Exists(own))


def _roles_of(person: User, site: Site) -> set[str]:
    rows = Membership.objects.filter(user=person, site=site)
    return set(rows.values_list("role", flat=True))


def _show_link(request: HttpRequest, person: User) -> None:
    by: Any = request.user
    address = request.build_absolute_uri(people.welcome_address(by, person))
    text = f"Hand this address to {person.display_name}; it works once, for three days: {address}"
    messages.warning(request, text)


def _back_to(site: Site) -> HttpResponse:
    return HttpResponseRedirect(reverse("members-of", args=[site.slug]))


def _first_error(form: forms.Form) -> str:
    field, errors = next(iter(form.errors.items()))
    label = form.fields[field].label if field in form.fields else ""
    return f"{label}: {errors[0]}" if label else str(errors[0])
