"""From the form to the thank-you mail, as people walk it: each in their own window."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Product

pytestmark = pytest.mark.browser
PHONE, DESK = (390, 844), (1280, 900)
FRIEND = "Wilma Oakes"
ADDRESS = "wilma.oakes@mail.example"
CODE = "HSC-WALK-2026"
MAIL_ARRIVES_WITHIN = 60


def test_from_the_form_to_the_thank_you_mail(product: Product, open_window: Callable[..., Page]):
    manager, sales = open_window(*DESK), open_window(*DESK)
    sign_in(manager, product, "maya@fernhollow.example")

    recommend(open_window(*PHONE), product.address_of("Refer a friend"))
    invitation = read_mail(manager, product, q=ADDRESS, purpose="invitation", about=FRIEND.split(" ")[0])
    say_yes(open_window(*PHONE), link_in(invitation, "/f/"))
    sign_in(sales, product, "tom@fernhollow.example")
    log_the_call(sales)
    record_the_sale(manager, product)
    give_the_reward(manager, product)
    thanks = read_mail(manager, product, q="priya.shah", purpose="reward_advocate", about=CODE)

    assert "a £150 gift card" in thanks


def sign_in(page: Page, product: Product, email: str) -> None:
    page.goto(f"{product.url}/admin/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(product.password_of(email))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your desk")


def recommend(page: Page, personal_link: str) -> None:
    page.goto(personal_link)
    page.get_by_label("Your friend's name").fill(FRIEND)
    page.get_by_label("Their e-mail address").fill(ADDRESS)
    page.get_by_label("Their phone number").fill("07700 900999")
    page.get_by_role("group", name="Do they own their home?").get_by_label("Yes").check()
    page.get_by_label("More than £120 a month").check()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Send my recommendation").click()
    page.wait_for_url(re.compile("/sent/"))
    expect(page.get_by_text("Wilma").first).to_be_visible()


def read_mail(page: Page, product: Product, *, q: str, purpose: str, about: str) -> str:
    """The text of the newest mail found, once it is ``about`` this; the worker may need a moment."""
    deadline = time.monotonic() + MAIL_ARRIVES_WITHIN
    text = ""
    while about not in text and time.monotonic() < deadline:
        page.goto(f"{product.url}/admin/campaigns/message/?q={q}&purpose__exact={purpose}")
        newest = page.locator("#result_list tbody th a").first
        if newest.count():
            newest.click()
            text = page.locator(".letter").inner_text()
    assert about in text
    return text


def link_in(mail: str, path: str) -> str:
    found = re.search(rf"http://\S+{path}\S+", mail)
    assert found, mail
    return found[0]


def say_yes(page: Page, link: str) -> None:
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        "Priya Shah thinks that Fernhollow Solar can help you"
    )
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Yes, please contact me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, Wilma")


def log_the_call(page: Page) -> None:
    # Late in the day the call is due tomorrow, so not by way of what is due today.
    page.get_by_role("link", name="Follow-ups", exact=True).first.click()
    page.get_by_role("link", name=FRIEND).click()
    page.get_by_label("Note").fill("Wants panels before summer")
    page.get_by_role("button", name="Good fit, going on").click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def record_the_sale(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/admin/referrals/referral/?q={ADDRESS}")
    page.get_by_role("link", name=FRIEND).click()
    expect(page.get_by_text("Wants panels before summer").first).to_be_visible()
    take_step(page, "Became a customer", {"Amount of the sale": "9400"})


def give_the_reward(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/admin/")
    page.get_by_role("link", name="rewards to approve").click()
    page.get_by_role("row", name=FRIEND).get_by_role("link").first.click()
    take_step(page, "Approve", {})
    take_step(page, "Hand out", {"Code": CODE})


def take_step(page: Page, step: str, given: dict[str, str]) -> None:
    """Choose what to do on the page of a row, fill in what it asks for, and see that it was done."""
    page.get_by_role("navigation", name="What you can do").get_by_role("link", name=step, exact=True).click()
    for label, value in given.items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name=step).click()
    expect(page.locator(".messagelist .success")).to_be_visible()
