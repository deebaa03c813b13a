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
