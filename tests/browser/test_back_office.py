"""The back office as its people use it: every page from the desk, on a phone and at a desk."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Product
from tests.browser.test_first_walk import sign_in

pytestmark = pytest.mark.browser
PHONE, DESK = (360, 740), (1280, 900)
# Django's own inline tables: an empty heading cell above the name of each row.
STOCK = "empty-table-header"


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_can_be_read_and_obeys_the_policy(
    product: Product, open_window: Callable[..., Page], size
):
    page = open_window(*size)
    sign_in(page, product, "maya@fernhollow.example")
    page.goto(f"{product.url}/admin/")
    links = page.locator("#content .group a").evaluate_all("links => links.map(link => link.href)")
    lists = [path for path in links if "/django_q/" not in path]
    assert len(lists) > 15

    wrong = {}
    for path in [
        f"{product.url}/admin/",
        *lists,
        *(first for path in lists if (first := first_row(page, path))),
    ]:
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth") - size[0]
        found = [*findings(page), *([f"{wide} pixels too wide"] if wide > 0 else [])]
        if found or page.locator("h1").count() != 1:
            wrong[path] = found

    assert wrong == {}


def findings(page: Page) -> list[str]:
    # Without preloading: axe follows the @import in Django's forms.css with inline styles, which we refuse.
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{rule['id']}: {node['html']}" for rule in found if rule["id"] != STOCK for node in rule["nodes"]
    ]


def first_row(page: Page, path: str) -> str | None:
    """The page of the first row of a list, if it has one."""
    page.goto(path)
    rows = page.locator("#result_list tbody th a")
    found: str | None = rows.first.evaluate("link => link.href") if rows.count() else None
    return found


def test_a_segment_counts_its_people_while_its_conditions_are_written(
    product: Product, open_window: Callable[..., Page]
):
    page = open_window(*DESK)
    sign_in(page, product, "maya@fernhollow.example")
    page.goto(f"{product.url}/admin/referrals/segment/")
    page.get_by_role("link", name="Promoters").click()
    who = page.locator("#who")
    expect(who).to_contain_text("who gave 9 of 10 or more")

    page.locator(".condition-row input").first.fill("10")

    expect(who).to_contain_text("who gave 10 of 10 or more")
    expect(who).to_contain_text("Not saved yet.")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_personal_message_is_looked_at_while_it_is_written_and_kept_when_it_may_not_leave(
    product: Product, open_window: Callable[..., Page], size
):
    page = open_window(*size)
    sign_in(page, product, "tom@fernhollow.example")
    page.goto(f"{product.url}/admin/referrals/advocate/?q=Priya")
    page.locator("#result_list tbody th a").first.click()
    page.get_by_role("link", name="Write to them personally").click()
    # She was asked by a plan not long ago.
    expect(page.locator("#trial")).to_contain_text("It may not leave")
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]

    page.get_by_label("Words", exact=True).fill("Dear Priya, how is the roof? {{ roof }}")
    expect(page.locator("#trial")).to_contain_text("“roof” is not known here.")
    page.get_by_label("Words", exact=True).fill("Dear Priya, how is the roof?")
    expect(page.locator("#trial")).to_contain_text("Say thank you")
    expect(page.frame_locator("#look").locator("body")).to_contain_text("how is the roof?")

    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("alert")).to_contain_text("It may not leave")
    expect(page.get_by_label("Words", exact=True)).to_have_value("Dear Priya, how is the roof?")
