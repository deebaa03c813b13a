"""What customers and friends see, on a small phone and on a desk, in daylight and in the dark."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Product

pytestmark = pytest.mark.browser
SMALL_PHONE, DESK = (320, 640), (1280, 900)


@pytest.mark.parametrize("size", [SMALL_PHONE, DESK], ids=["small phone", "desk"])
def test_everyone_can_read_and_use_every_page(product: Product, open_window: Callable[..., Page], size):
    page = open_window(*size)
    for path in public_pages(page, product):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.goto(path)
            assert findings(page) == [], f"{path} ({scheme})"
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path


def test_room_for_another_friend_and_refusals_without_losing_a_letter(
    product: Product, open_window: Callable[..., Page]
):
    page = open_window(*DESK)
    page.goto(product.address_of("Refer a friend"))
    page.get_by_label("Your friend's name").fill("Ben <3")
    for _ in range(4):
        page.get_by_role("button", name="Add another friend").click()
    expect(page.get_by_role("button", name="Add another friend")).to_be_hidden()
    page.get_by_label("Your friend's name").nth(4).fill("Cleo")

    page.get_by_role("button", name="Send my recommendation").click()

    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text(
        "Friend 5 – Their e-mail address: Write an e-mail address or a phone number"
    )
    expect(page.get_by_label("Your friend's name").first).to_have_value("Ben <3")
    assert findings(page) == []
    summary.get_by_role("link").first.click()
    expect(page.get_by_label("Your friend's name").first).to_be_focused()


def findings(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


def public_pages(page: Page, product: Product) -> Iterator[str]:
    """Addresses as people come by them: printed, linked, shared."""
    personal = product.address_of("Refer a friend")
    yield product.url
    yield personal
    yield f"{personal}sent/"
    page.goto(f"{personal}sent/")
    share = page.locator("#link").inner_text()
    program = page.locator(".wordmark").get_attribute("href")
    yield from (share, f"{share}join/", f"{share}join/sent/")
    yield from (f"{product.url}{program}{rest}" for rest in ("", "refer/", "refer/sent/"))
