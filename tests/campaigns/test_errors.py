import pytest
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from campaigns.views.errors import too_many_requests
from tests.cast import client_of, member_of
from tests.factories import ProgramFactory, UserFactory


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("The view broke.")


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("broken/", broken),
    path("form/", form),
    path("busy/", too_many_requests),
    path("", include("config.urls")),
]
handler500 = "campaigns.views.errors.server_error"
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


def database_is_away(*args: object) -> None:
    raise OperationalError("server closed the connection unexpectedly")


def test_a_broken_page_says_so_in_plain_words_without_asking_the_database(visitor):
    response = visitor.get("/broken/")

    assert response.status_code == 500
    assert "Something broke on our side" in response.text
    assert "Traceback" not in response.text
    assert "default-src 'none'" in response["Content-Security-Policy"]


def test_an_unknown_address_gives_a_page_with_a_way_back(visitor):
    response = visitor.get("/no/such/page/")

    assert response.status_code == 404
    assert "There is nothing at this address" in response.text
    assert "default-src 'none'" in response["Content-Security-Policy"]


def test_too_many_requests_are_asked_to_wait_a_minute(visitor):
    response = visitor.get("/busy/")

    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert "A moment, please" in response.text


def test_a_form_from_nowhere_changes_nothing_and_says_how_to_send_it_again(visitor):
    response = visitor.post("/form/", {"name": "Ben"})

    assert response.status_code == 403
    assert "Please send it once more" in response.text


def test_a_host_name_that_is_not_ours_gets_a_plain_page(visitor):
    response = visitor.get("/form/", headers={"host": "evil.example"})

    assert response.status_code == 400
    assert "We could not read this request" in response.text


@pytest.mark.django_db
def test_without_a_database_the_page_says_back_in_a_moment_and_then_works_again(visitor):
    visitor.force_login(UserFactory(is_superuser=True))

    with connection.execute_wrapper(database_is_away):
        away = visitor.get("/admin/")

    assert (away.status_code, away["Retry-After"]) == (503, "10")
    assert "Back in a moment" in away.text
    assert "default-src 'none'" in away["Content-Security-Policy"]
    assert visitor.get("/admin/").status_code == 200


@pytest.mark.django_db
def test_a_colleague_who_may_not_see_a_page_finds_back_to_the_desk():
    page = client_of(member_of(ProgramFactory(), "analyst")).get("/admin/calls/")

    assert page.status_code == 403
    assert 'href="/admin/">Back to your desk' in page.text
    assert "Your recommendations" not in page.text
