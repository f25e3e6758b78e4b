"""Database addresses as people write them."""

from __future__ import annotations

import pytest

from qperfweb.core.database_url import parse_database_url


def test_all_parts_are_read_and_unquoted():
    read = parse_database_url("postgresql://qperf_web:p%40ss@db.example:6432/qperf?sslmode=require")
    assert read["USER"] == "qperf_web"
    assert read["PASSWORD"] == "p@ss"
    assert (read["HOST"], read["PORT"], read["NAME"]) == ("db.example", "6432", "qperf")
    assert read["OPTIONS"] == {"sslmode": "require"}


def test_a_socket_folder_may_stand_in_the_query():
    read = parse_database_url("postgres:///qperf?host=/run/postgresql")
    assert (read["HOST"], read["NAME"]) == ("/run/postgresql", "qperf")


@pytest.mark.parametrize("wrong", ["mysql://a/b", "sqlite:///x", "postgresql://host/", ""])
def test_other_addresses_are_refused(wrong):
    with pytest.raises(ValueError, match="a database address must"):
        parse_database_url(wrong)
