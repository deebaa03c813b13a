import pytest
from django.core.exceptions import ValidationError

from referrals.contacts import clean_line, clean_note, clean_phone


@pytest.mark.parametrize(
    "typed", ["+39 06 6982 1234", "'+390669821234", "+39 (06) 6982-1234", "06 6982 1234", "06.6982.1234"]
)
def test_a_phone_number_is_read_however_it_is_written(typed):
    assert clean_phone(typed, "IT") == "+390669821234"


@pytest.mark.parametrize(
    "typed", ["<b>+390669821234</b>", "+39\u202d0669821234", "call +390669821234", "+39\x0006"]
)
def test_a_number_inside_something_else_is_no_number(typed):
    with pytest.raises(ValidationError, match="This does not look like a phone number"):
        clean_phone(typed, "IT")


@pytest.mark.parametrize(
    "typed",
    [
        "see www.shop.example",
        "shop.example/now",
        "https://x",
        "<b>we</b>",
        "me@shop.example",
        "shop。example",
    ],
)
def test_a_line_of_ours_carries_nobodys_links(typed):
    with pytest.raises(ValidationError, match="without links, addresses or the signs < and >"):
        clean_line(typed)


@pytest.mark.parametrize("typed", ["We met in 2019, at Ada & Co.", "e.g. from work", "Zoë's sister, 50/50"])
def test_a_line_says_what_people_say(typed):
    assert clean_line(typed) == typed


def test_a_line_is_one_line():
    with pytest.raises(ValidationError, match="Write this on one line"):
        clean_line("one\r\nBcc: everyone")


def test_a_note_may_name_a_site_and_be_less_than_five_but_carries_no_markup():
    assert clean_note("Ours is shop.example.\nFree at <5 pm") == "Ours is shop.example.\nFree at <5 pm"
    with pytest.raises(ValidationError, match="without markup"):
        clean_note("<script>")
