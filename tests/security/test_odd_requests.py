"""Requests that no browser sends: whatever they hold, the answer is one of ours, and not a 500."""

import pytest

from referrals.models import Event
from tests.factories import EnrolmentFactory, ProfileFactory

pytestmark = pytest.mark.django_db
PAGES = [
    "/",
    "/p/{slug}/",
    "/p/{slug}/refer/",
    "/a/{token}/",
    "/a/{token}/sent/",
    "/r/{code}/",
    "/r/{code}/join/",
    "/r/{code}/qr.svg",
    "/p/{slug}/brand.css",
    "/me/",
    "/account/login/",
    "/account/login/code/",
]
QUERIES = [
    "c=%00",
    "c=%ff%fe",
    "c=%ed%a0%80",
    "v=%00:x",
    "next=//evil.example/",
    "next=%00",
    "%00=1",
    "c=" + "x" * 5000,
]
NOWHERE = [
    "/%00",
    "/r/%00/",
    "/p/x%00/",
    "/p/%ff/",
    "/a/%ff%fe/",
    "/f/%00/",
    "/u/%00/",
    "/p/x/confirm/%00/",
    "/account/password/reset/key/%00-%00/",
    "/admin/%00/",
    "/r/" + "A" * 5000 + "/",
]
BODIES = {
    "not a form": ("application/x-www-form-urlencoded", b"\xff\xfe\x00"),
    "a null character": (
        "application/x-www-form-urlencoded",
        b"visit=%00&answer=%00&do=%00&email=%00&login=%00",
    ),
    "a boundary without parts": ("multipart/form-data; boundary=b", b"xxxx"),
    "a part without an end": (
        "multipart/form-data; boundary=b",
        b"--b\r\nContent-Disposition: form-data; name=x\r\n",
    ),
    "an unknown alphabet": ("application/x-www-form-urlencoded; charset=nonsense", b"a=1"),
    "a quarter of a megabyte": ("application/x-www-form-urlencoded", b"x=" + b"x" * 263_000),
    "two thousand fields": (
        "application/x-www-form-urlencoded",
        b"&".join(b"f%d=1" % n for n in range(2000)),
    ),
}
HEADERS = {
    "Accept-Language": "x" * 5000,
    "Cookie": "sessionid=\xff\x00; csrftoken=%00",
    "X-Forwarded-For": "'; DROP TABLE x",
    "User-Agent": "\xff" * 900,
    "Referer": "javascript:alert(1)",
    "If-None-Match": '"',
    "If-Modified-Since": "soon",
    "Sec-Purpose": "\xff",
    "Range": "bytes=9-1",
}


@pytest.fixture
def place():
    enrolment = EnrolmentFactory()
    ProfileFactory(program=enrolment.program)
    return {"slug": enrolment.program.slug, "token": enrolment.token, "code": enrolment.code}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_answers_whatever_stands_in_its_query(client, place, page):
    for query in QUERIES:
        answer = client.get(page.format(**place), QUERY_STRING=query)

        assert (query, answer.status_code in {200, 302}) == (query, True)
        assert not answer.get("Location", "").startswith(("//", "http"))


@pytest.mark.parametrize("path", NOWHERE)
def test_a_path_that_leads_nowhere_says_so(client, path):
    assert client.get(path).status_code in {302, 404}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "SEARCH"])
def test_other_methods_change_nothing(client, place, page, method):
    events = Event.objects.count()

    assert client.generic(method, page.format(**place)).status_code in {200, 302, 405}
    assert Event.objects.count() == events


@pytest.mark.parametrize(("kind", "body"), BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize(
    "page",
    [
        "/p/{slug}/refer/",
        "/a/{token}/",
        "/r/{code}/join/",
        "/r/{code}/seen/",
        "/u/no/",
        "/account/login/",
        "/account/login/code/",
    ],
)
def test_a_body_that_is_no_form_is_a_fault_of_the_sender(client, place, page, kind, body):
    answer = client.generic("POST", page.format(**place), body, content_type=kind)

    assert answer.status_code in {200, 204, 302, 400, 404, 413}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_may_hold_anything(client, place, name):
    for page in PAGES:
        assert client.get(page.format(**place), headers={name: HEADERS[name]}).status_code in {200, 302, 304}
