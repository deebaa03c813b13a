"""What the API says when it cannot do what was asked: always a problem in words, never a page."""

import pytest
from django.test import Client

from tests.cast import System

pytestmark = pytest.mark.django_db


def test_an_address_that_is_none_is_a_problem_and_not_a_page():
    for send in (Client().get, Client(enforce_csrf_checks=True).post):
        answer = send("/api/v1/no/such/thing")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_method_that_means_nothing_is_told_which_ones_do():
    answer = System().send("DELETE", "/programs", "")

    assert (answer.status_code, answer["Allow"]) == (405, "GET")
    assert answer.json()["detail"] == "DELETE means nothing here. Use GET."


def test_the_documentation_opens_without_a_key_and_names_the_door():
    spec = Client().get("/api/v1/openapi.json").json()

    assert spec["openapi"].startswith("3.")
    assert "/api/v1/programs" in spec["paths"]
    assert Client().get("/api/v1/docs").status_code == 200
