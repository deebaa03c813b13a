"""The snippet on a shop of the company's own: strict about scripts, without storage, with forms that come later."""

from collections.abc import Callable

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser
SHOP = "https://shop.example.com"
CSP = "default-src 'none'; script-src 'self'; form-action 'self'; img-src data:; require-trusted-types-for 'script'"
PAGES = {
    "/": '<a href="/checkout">Buy</a> <a data-goodword href="https://pay.example.com/?a=1#top">Pay there</a> '
    '<a data-goodword href="mailto:shop@example.com">Write</a> <a data-goodword>Nowhere</a>',
    "/checkout": '<form><input name="goodword_code"><input name="attributes[goodword_code]"><input name="x"></form>',
    "/app": '<main></main><script src="/app.js"></script>',
}
APP = """
addEventListener("click", () => {
  const field = document.createElement("input");
  field.name = "goodword_code";
  field.addEventListener("input", () => { document.title = field.value; });
  document.querySelector("main").replaceChildren(field);
});
"""
NO_STORAGE = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('off'); }});"


def answer(route: Route) -> None:
    path = route.request.url.removeprefix(SHOP).partition("?")[0]
    scripts = {"/app.js": APP, "/goodword.js": open(str(finders.find("js/goodword.js"))).read()}  # noqa: PTH123, SIM115
    if path in scripts:
        return route.fulfill(body=scripts[path], content_type="text/javascript")
    head = '<!doctype html><html lang="en"><link rel="icon" href="data:,"><script src="/goodword.js" defer></script>'
    headers = {"content-security-policy": CSP, "content-type": "text/html"}
    return route.fulfill(body=head + PAGES[path], headers=headers)


@pytest.fixture
def shop(open_window: Callable[..., Page]) -> Page:
    page = open_window(390, 844)
    page.route(f"{SHOP}/**", answer)
    return page


def test_the_code_goes_on_to_the_checkout_and_to_marked_links(shop: Page) -> None:
    shop.goto(f"{SHOP}/?gw=anna4242&utm_source=mail")

    links = [link.get_attribute("href") for link in shop.locator("a[data-goodword]").all()]
    assert links == ["https://pay.example.com/?a=1&gw=ANNA4242#top", "mailto:shop@example.com", None]
    shop.click("text=Buy")
    assert [field.input_value() for field in shop.locator("input").all()] == ["ANNA4242", "ANNA4242", ""]


@pytest.mark.parametrize("storage", ["on", "off"])
def test_a_form_that_the_page_puts_in_later_gets_the_code_as_if_it_were_typed(
    shop: Page, storage: str
) -> None:
    if storage == "off":
        shop.add_init_script(NO_STORAGE)
    shop.goto(f"{SHOP}/app?ref=anna4242")

    shop.evaluate("document.body.click()")

    shop.wait_for_function("document.title === 'ANNA4242'")
    shop.fill("input", "")
    shop.evaluate("document.body.append('more')")
    assert shop.input_value("input") == ""
    shop.evaluate("goodword.forget()")
    assert shop.evaluate("goodword.code()") == ""
