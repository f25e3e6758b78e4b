"""Members of a site, people of the installation, and the API tokens of both."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from qperfweb.accounts.models import ApiToken, Membership, Site, User
from qperfweb.accounts.tokens import create_token
from qperfweb.core.models import TrailEvent
from qperfweb.core.rls import site_scope
from tests.accounts.test_sign_in import PASSWORD, confirm, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client_of, site):
    return client_of("site_admin", site)


@pytest.fixture
def system(client_of, rows):
    return client_of("administrator")


def roles(user, site):
    return set(Membership.objects.filter(user=user, site=site).values_list("role", flat=True))


def link_in(response) -> str:
    text = " ".join(str(m) for m in response.context["messages"])
    return re.search(r"http://testserver(/accounts/welcome/\S+)", text)[1]


def actions(site=None):
    with site_scope([site.pk] if site else []):
        rows = TrailEvent.objects.filter(site=site).order_by("id")
        return list(rows.values_list("action", flat=True))


def test_a_site_administrator_invites_somebody_new_who_chooses_a_password(admin, site):
    answer = admin.post(
        f"/members/{site.slug}/add/",
        {"username": "nora", "full_name": "Nora New", "roles": ["reader", "auditor"]},
        follow=True,
    )
    link = link_in(answer)
    nora = User.objects.get(username="nora")
    assert roles(nora, site) == {"reader", "auditor"}
    assert not nora.has_usable_password()
    browser = Client()
    assert "Welcome, Nora New" in browser.get(link).content.decode()
    weak = browser.post(link, {"password": "short", "again": "short"})
    assert weak.status_code == 400
    chosen = {"password": PASSWORD + " x", "again": PASSWORD + " x"}
    assert browser.post(link, chosen)["Location"] == "/accounts/login/"
    assert sign_in(browser, "nora", PASSWORD + " x")["Location"] == "/"
    assert Client().get(link).status_code == 404
    assert actions(site) == ["membership.granted", "membership.granted"]


def test_somebody_with_an_account_becomes_a_member_without_a_link(admin, user_of, site, other_site):
    known = user_of("reader", other_site)
    answer = admin.post(
        f"/members/{site.slug}/add/",
        {"username": "other name", "email": known.email.upper(), "roles": ["reviewer"]},
        follow=True,
    )
    assert "had an account" in answer.content.decode()
    assert roles(known, site) == {"reviewer"}
    # No link to the account of somebody who has their own life elsewhere.
    form = {"action": "link"}
    assert admin.post(f"/members/{site.slug}/{known.pk}/", form).status_code == 403


def test_roles_are_set_and_a_removed_member_loses_everything_at_once(admin, user_of, site, in_site):
    reader = user_of("reader", site)
    token = create_token(reader, site, scope="read", name="x", valid_for=timedelta(days=1))
    browser = Client()
    sign_in(browser, reader.username)
    assert browser.get("/api/studies/").status_code == 200
    admin.post(f"/members/{site.slug}/{reader.pk}/", {"roles": ["technologist"]})
    assert roles(reader, site) == {"technologist"}
    assert browser.get("/agreement/").status_code == 403
    admin.post(f"/members/{site.slug}/{reader.pk}/", {"action": "remove"})
    assert browser.get("/api/studies/").status_code == 403
    bearer = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/studies/", headers=bearer).status_code == 401
    assert {"membership.removed", "token.revoked"} <= set(actions(site))


def test_nobody_takes_their_own_administration_away(admin, site):
    answer = admin.post(f"/members/{site.slug}/{admin.user.pk}/", {"action": "remove"})
    assert answer.status_code == 400
    assert roles(admin.user, site) == {"site_admin"}


def test_a_site_administrator_reaches_no_other_site_and_nobody_outside(admin, user_of, other_site):
    stranger = user_of("reader", other_site)
    assert admin.get(f"/members/{other_site.slug}/").status_code == 404
    assert admin.post(f"/members/north/{stranger.pk}/", {"roles": ["reader"]}).status_code == 404
    assert admin.get("/people/").status_code == 403


def test_the_members_page_says_who_lacks_the_second_factor(admin, user_of, site):
    user_of("reader", site)
    admin.post(f"/members/{site.slug}/settings/", {"second_factor": "on"})
    assert Site.objects.get(pk=site.pk).second_factor_required
    assert "site.changed" in actions(site)
    # The administrator is a member, too.
    assert admin.get(f"/members/{site.slug}/").status_code == 302


def test_a_system_administrator_manages_accounts_and_sees_no_patient_data(system, user_of, site):
    reader = user_of("reader", site)
    browser = Client()
    sign_in(browser, reader.username)
    page = system.get("/people/?q=reader").content.decode()
    assert reader.display_name in page
    address = f"/people/{reader.pk}/"
    system.post(address, {"action": "rename", "full_name": "Rita Renamed", "email": ""})
    reader.refresh_from_db()
    assert reader.display_name == "Rita Renamed"
    system.post(address, {"action": "make_administrator"})
    system.post(address, {"action": "unmake_administrator"})
    system.post(address, {"action": "close"})
    assert browser.get("/api/studies/").status_code == 401
    assert sign_in(Client(), reader.username).status_code == 403
    system.post(address, {"action": "reopen"})
    assert sign_in(Client(), reader.username).status_code == 302
    link = link_in(system.post(address, {"action": "link"}, follow=True))
    assert Client().get(link).status_code == 200
    assert system.post(address, {"action": "nonsense"}).status_code == 400
    own = f"/people/{system.user.pk}/"
    assert system.post(own, {"action": "close"}).status_code == 400
    assert system.get("/api/studies/").status_code == 403
    assert {
        "person.renamed", "person.administrator_set", "person.closed", "person.reopened",
        "person.link_made",
    } <= set(actions())  # fmt: skip


def test_a_system_administrator_makes_sites_and_their_administrators(system):
    answer = system.post("/people/sites/add/", {"name": "West Hospital", "slug": "west"})
    assert answer["Location"] == "/members/west/"
    system.post("/members/west/add/", {"username": "wanda", "roles": ["site_admin"]})
    west = Site.objects.get(slug="west")
    assert roles(User.objects.get(username="wanda"), west) == {"site_admin"}
    assert actions(west) == ["site.created", "membership.granted"]
    assert system.post("/people/sites/add/", {"name": "x", "slug": "west"}).status_code == 400


def test_a_token_is_shown_once_used_within_its_scope_and_revoked(user_of, site, in_site):
    user = user_of("reader", site)
    client = Client()
    sign_in(client, user.username)
    confirm(client)
    form = {"name": "PACS", "site": site.pk, "scope": "read", "days": 30}
    page = client.post("/accounts/tokens/", form).content.decode()
    text = re.search(r"qpw_[\w-]+", page)[0]
    assert text not in client.get("/accounts/tokens/").content.decode()
    bearer = {"Authorization": f"Bearer {text}"}
    assert Client().get("/api/studies/", headers=bearer).status_code == 200
    token = ApiToken.objects.get()
    client.post(f"/accounts/tokens/{token.pk}/revoke/")
    assert Client().get("/api/studies/", headers=bearer).status_code == 401
    assert actions(site)[:1] + actions(site)[-1:] == ["token.created", "token.revoked"]


def test_a_token_is_made_only_for_ones_own_site_and_with_a_fresh_password(
    user_of, client_of, site, other_site
):
    stale = client_of("reader", site)
    form = {"name": "x", "site": site.pk, "scope": "all", "days": 30}
    assert "/accounts/reauthenticate/" in stale.post("/accounts/tokens/", form)["Location"]
    client = Client()
    sign_in(client, user_of("reader", site).username)
    confirm(client)
    assert client.post("/accounts/tokens/", form | {"site": other_site.pk}).status_code == 400
    assert client.post("/accounts/tokens/", form | {"days": 4000}).status_code == 400
    assert not ApiToken.objects.exists()


def test_a_site_administrator_sees_and_ends_tokens_of_the_site(user_of, site, other_site):
    owner = user_of("reader", site, other_site)
    for place in (site, other_site):
        create_token(owner, place, scope="read", name=f"at {place}", valid_for=timedelta(days=1))
    client = Client()
    sign_in(client, user_of("site_admin", site).username)
    confirm(client)
    page = client.get("/accounts/tokens/").content.decode()
    assert "at North Hospital" in page
    assert "at South Hospital" not in page
    here, elsewhere = ApiToken.objects.order_by("id")
    assert client.post(f"/accounts/tokens/{here.pk}/revoke/").status_code == 302
    assert client.post(f"/accounts/tokens/{elsewhere.pk}/revoke/").status_code == 404


def test_the_address_to_choose_a_password_is_not_in_the_log(system, user_of, site, caplog):
    reader = user_of("reader", site)
    link = link_in(system.post(f"/people/{reader.pk}/", {"action": "link"}, follow=True))
    with caplog.at_level("INFO", logger="qperfweb.access"):
        Client().get(link)
    assert "/accounts/welcome/..." in caplog.text
    assert link not in caplog.text
