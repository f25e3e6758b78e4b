"""Values go to PostgreSQL apart from the text, however many they are."""

from __future__ import annotations

import pytest
from django.db import connection

from qperfweb.accounts.models import Site
from qperfweb.core.cursors import MOST_VALUES


@pytest.mark.parametrize("number", [MOST_VALUES, MOST_VALUES + 1, 70_000])
def test_a_list_of_any_length_can_be_asked_for(site, number):
    asked = [*range(-number + 1, 0), site.pk]
    assert [found.pk for found in Site.objects.filter(pk__in=asked)] == [site.pk]


@pytest.mark.parametrize("number", [1, MOST_VALUES + 1])
def test_values_are_values_wherever_they_are_put_together(db, number):
    asked = ['it\'s 100% \\ "so"; --', *["x"] * (number - 1)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT (ARRAY[" + ", ".join(["%s"] * number) + "])[1] || '%%'", asked)
        assert cursor.fetchone()[0] == asked[0] + "%"


def test_a_question_that_is_asked_again_is_planned_once(own_database):
    for pk in range(8):
        Site.objects.filter(pk=pk).first()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement ~ 'site'")
        assert cursor.fetchone()[0] == 1
