"""The pages around the frontend: who gets them, and what they load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Template

from qperfweb.studies.models import Study
from tests.runs.examples import a_study


@pytest.fixture
def built(settings: Any, tmp_path: Path) -> Path:
    """A build of two pages that share a chunk with styles."""
    manifest = {
        "src/pages/site.ts": {"file": "assets/site.js", "css": ["assets/site.css"]},
        "src/pages/worklist.ts": {"file": "assets/worklist.js", "imports": ["_shared.js"]},
        "src/viewer/main.tsx": {"file": "assets/viewer.js", "imports": ["_shared.js"]},
        "_shared.js": {"file": "assets/shared.js", "css": ["assets/shared.css"]},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    settings.FRONTEND_DIST = tmp_path
    return tmp_path


@pytest.fixture
def study(in_site: Any) -> Study:
    made: Study = a_study(in_site)
    return made


def render(page: str) -> str:
    return Template("{% load frontend %}{% frontend page %}").render(Context({"page": page}))


def test_a_page_loads_its_script_its_shared_chunks_and_their_styles(built: Path) -> None:
    html = render("viewer")
    assert '<script type="module" src="/static/assets/viewer.js"></script>' in html
    assert '<link rel="modulepreload" href="/static/assets/shared.js">' in html
    assert '<link rel="stylesheet" href="/static/assets/shared.css">' in html


def test_a_page_that_was_not_built_is_named(built: Path) -> None:
    with pytest.raises(LookupError, match="nowhere"):
        render("nowhere")


def test_pages_without_a_build_still_render(settings: Any, tmp_path: Path) -> None:
    settings.FRONTEND_DIST = tmp_path / "never-built"
    assert render("site") == ""


def test_the_worklist_asks_for_a_sign_in(db: Any, client: Any, built: Path) -> None:
    response = client.get("/")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_the_worklist_offers_what_the_role_allows(
    in_site: Any, client_of: Any, built: Path
) -> None:
    reader = client_of("reader", in_site).get("/").content.decode()
    auditor = client_of("auditor", in_site).get("/").content.decode()
    assert 'href="/upload/"' in reader
    assert 'href="/upload/"' not in auditor
    assert 'href="/agreement/"' in auditor


def test_the_reading_room_gets_the_number_of_its_study(
    study: Study, in_site: Any, client_of: Any, built: Path
) -> None:
    response = client_of("reader", in_site).get(f"/studies/{study.pk}/")
    assert response.status_code == 200
    assert f'data-study="{study.pk}"' in response.content.decode()
    assert "csrftoken" in response.cookies


def test_a_study_of_another_site_is_not_found(
    study: Study, other_site: Any, client_of: Any, built: Path
) -> None:
    assert client_of("reader", other_site).get(f"/studies/{study.pk}/").status_code == 404


def test_the_reading_room_leads_to_what_the_role_may_do_with_the_study(
    study: Study, in_site: Any, client_of: Any, built: Path
) -> None:
    offered = {}
    for role in ("technologist", "reader", "auditor", "site_admin"):
        html = client_of(role, in_site).get(f"/studies/{study.pk}/").content.decode()
        names = ("trail", "deidentified", "erase")
        offered[role] = [name for name in names if f"data-{name}=" in html]
        assert ("trail" in offered[role]) == (f'"/trail/?study={study.pk}"' in html)
    assert offered == {
        "technologist": [],
        "reader": ["deidentified"],
        "auditor": ["trail", "deidentified"],
        "site_admin": ["trail", "erase"],
    }


def test_who_sees_no_studies_is_told_why_and_asks_for_none(
    in_site: Any, client_of: Any, built: Path
) -> None:
    administrator = client_of("administrator").get("/").content.decode()
    stranger = client_of("reader").get("/").content.decode()
    assert 'href="/people/"' in administrator and "worklist.js" not in administrator
    assert "not a member of any site" in stranger and "worklist.js" not in stranger
    assert "data-may-upload" not in client_of("auditor", in_site).get("/").content.decode()
