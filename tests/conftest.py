"""What every test may ask for. The database is always a real PostgreSQL.

A test that only needs rows takes ``db`` (or any fixture below that needs it): it runs in one
transaction, as the role ``qperf_web``, and is rolled back. ``with as_worker():`` and
``with as_owner():`` change the role inside that same transaction.

A test that needs real commits, other connections or other processes takes ``own_database``: a
database of its own, cloned from the migrated template in about 0.1 s and dropped afterwards;
``own_database.environment`` holds the DATABASE_* variables for a process that the test starts.
(``django_db(transaction=True)`` is refused: the web role may not empty tables.)

Rows of a site exist only inside its scope, in tests as in the product::

    def test_a_reader_sees_a_study(in_site, user_of, client_of):
        study = Study.objects.create(site=in_site, ...)
        response = client_of("reader", in_site).get("/")

``site`` and ``other_site`` are two sites; ``in_site`` is ``site`` with its scope open for the
length of the test. ``user_of(role, *sites)`` makes a person, ``client_of(role, *sites)`` a
signed-in browser; the roles are those of ``core.permissions.Role``, and "administrator" is a system
administrator. Every test has a store folder of its own (``settings.STORE_DIR``).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connections
from django.test import Client

from tests import database

pytest_plugins = ["tests.reading"]

AsRole = Callable[[], AbstractContextManager[None]]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker and (marker.args or marker.kwargs.get("transaction")):
            raise pytest.UsageError(f"{item.nodeid}: take own_database instead of transaction=True")
    # Playwright keeps an event loop running in this thread, in which Django refuses to query.
    items.sort(key=lambda item: item.get_closest_marker("e2e") is not None)


@pytest.fixture(scope="session")
def database_server() -> Iterator[Any]:
    """The embedded server of the tests."""
    server = database.start_server()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template_database(database_server: Any) -> str:
    """Name of the migrated database that others are cloned from."""
    return database.migrated_template(database_server)


@pytest.fixture(scope="session")
def django_db_setup(database_server: Any, template_database: str) -> Iterator[None]:
    """pytest-django's hook: point Django at this session's clone, as the web role."""
    with database.clone(database_server, template_database) as session_database:
        _connect_to(session_database)
        yield
        connections.close_all()


@pytest.fixture
def own_database(
    django_db_setup: None, django_db_blocker: Any, database_server: Any, template_database: str
) -> Iterator[database.TestDatabase]:
    """A database of this test's own, with real commits; see the module's docstring."""
    shared = connections.settings["default"]["NAME"]
    with (
        django_db_blocker.unblock(),
        database.clone(database_server, template_database) as own,
    ):
        connections.close_all()
        connections.settings["default"]["NAME"] = connections["default"].settings_dict["NAME"] = (
            own.name
        )
        try:
            yield own
        finally:
            connections.close_all()
            connections.settings["default"]["NAME"] = connections["default"].settings_dict[
                "NAME"
            ] = shared


@pytest.fixture
def rows(request: pytest.FixtureRequest) -> None:
    """Some database: the test's own when it asked for one, else a rolled-back transaction."""
    own = "own_database" in request.fixturenames
    request.getfixturevalue("own_database" if own else "db")


@pytest.fixture
def as_worker(rows: None) -> AsRole:
    """``with as_worker():`` - the block runs with the worker's privileges."""
    return lambda: _role("qperf_worker")


@pytest.fixture
def as_owner(rows: None) -> AsRole:
    """``with as_owner():`` - the block runs as the owner of the tables."""
    return lambda: _role("qperf_owner")


@pytest.fixture
def site(rows: None) -> Any:
    """A hospital."""
    from qperfweb.accounts.models import Site

    return Site.objects.create(slug="north", name="North Hospital")


@pytest.fixture
def other_site(rows: None) -> Any:
    """A hospital whose patients are nobody else's business."""
    from qperfweb.accounts.models import Site

    return Site.objects.create(slug="south", name="South Hospital")


@pytest.fixture
def in_site(site: Any) -> Iterator[Any]:
    """``site``, with its rows visible and writable for the length of the test."""
    from qperfweb.core.rls import site_scope

    with site_scope([site.pk]):
        yield site


@pytest.fixture
def user_of(rows: None) -> Callable[..., Any]:
    """``user_of(role, *sites)``: a new person with that role at these sites."""
    from qperfweb.accounts.models import Membership, User

    numbers = itertools.count(1)

    def make(role: str, *sites: Any) -> Any:
        name = f"{role}{next(numbers)}"
        user = User.objects.create_user(
            name,
            "correct horse battery",
            email=f"{name}@example.org",
            full_name=f"{role.title()} of the test",
            is_system_administrator=role == "administrator",
        )
        for member_of in sites:
            Membership.objects.create(user=user, site=member_of, role=role)
        return user

    return make


@pytest.fixture
def client_of(user_of: Callable[..., Any]) -> Callable[..., Client]:
    """``client_of(role, *sites)``: a browser in which a new person of that role has signed in."""

    def make(role: str, *sites: Any) -> Client:
        client = Client()
        user = user_of(role, *sites)
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        client.user = user
        return client

    return make


@pytest.fixture(autouse=True)
def _private_store(settings: Any, tmp_path: Path) -> None:
    settings.STORE_DIR = tmp_path / "store"
    settings.TRAIL_ANCHORS = tmp_path / "trail-anchors.txt"


@pytest.fixture(autouse=True)
def _no_sign_in_counted_before() -> None:
    """Sign-ins of one minute are counted in the cache; those of other tests must not add up."""
    cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> None:
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def _no_list_of_static_files() -> None:
    """Each ``Client`` loads the middleware anew, and would look at every file of the frontend: a
    third of what a test of pages cost. Files are found when they are asked for instead."""
    django_settings.WHITENOISE_AUTOREFRESH = True


def _connect_to(target: database.TestDatabase) -> None:
    connections.close_all()
    cluster = target.server.cluster
    changed = {
        "NAME": target.name,
        "USER": database.TEST_LOGIN,
        "PASSWORD": database.test_password(target.server),
        "HOST": "127.0.0.1",
        "PORT": str(cluster.port),
        "OPTIONS": {
            **connections.settings["default"]["OPTIONS"],
            "options": "-c role=qperf_web",
        },
    }
    connections.settings["default"].update(changed)
    connections["default"].settings_dict.update(changed)


@contextmanager
def _role(name: str) -> Iterator[None]:
    connection = connections["default"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        before = cursor.fetchone()[0]
        cursor.execute(f"SET ROLE {name}")
    yield
    if not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {before}")
