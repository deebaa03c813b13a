from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from referrals.cells import read_amount
from referrals.money import format_money, to_major, to_minor

PRECISION = {"EUR": 2, "JPY": 0, "KWD": 3}
currencies = st.sampled_from(list(PRECISION))


@given(st.integers(0, 10**15), currencies)
def test_minor_units_written_out_are_the_same_minor_units_again(minor, currency):
    assert to_minor(Decimal(minor).scaleb(-PRECISION[currency]), currency) == minor


@given(st.decimals(allow_nan=True, allow_infinity=True), currencies)
def test_an_amount_is_exact_or_refused(amount, currency):
    try:
        minor = to_minor(amount, currency)
    except ValueError:
        return
    assert Decimal(minor).scaleb(-PRECISION[currency]) == amount


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1E+999999", "1." + "0" * 40 + "1", "12.345"])
def test_what_cannot_be_exact_is_refused(amount):
    with pytest.raises(ValueError, match="EUR"):
        to_minor(Decimal(amount), "EUR")


@given(st.text() | st.from_regex(r"\s*-?[0-9]{0,20}[.,]?[0-9]{0,5}", fullmatch=True), currencies)
def test_a_cell_is_an_amount_or_a_sentence(cell, currency):
    try:
        minor = read_amount(cell, currency)
    except ValidationError:
        return
    assert 0 <= minor <= 10**15
    assert Decimal(minor).scaleb(-PRECISION[currency]) == Decimal(cell.strip().replace(",", "."))


@pytest.mark.parametrize(
    ("language", "minor", "currency", "text"),
    [
        ("en", 129900, "EUR", "€1,299.00"),
        ("it", 129900, "EUR", "1.299,00\u00a0€"),
        ("nl", 4000, "EUR", "€\u00a040,00"),
        ("en", 1299, "JPY", "¥1,299"),
        ("en", -4000, "USD", "-$40.00"),
    ],
)
def test_money_is_written_as_the_reader_writes_it(language, minor, currency, text):
    with translation.override(language):
        assert format_money(minor, currency) == text


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [
        ("EUR", 2),
        ("JPY", 0),
        ("KWD", 3),
        ("ISK", 0),
        ("RSD", 2),
        ("ALL", 2),
        ("LBP", 2),
        ("IQD", 3),
        ("HUF", 2),
    ],
)
def test_an_amount_has_the_decimals_of_iso_4217_and_not_those_in_everyday_use(currency, decimals):
    assert to_minor(Decimal(49), currency) == 49 * 10**decimals
    assert to_major(49 * 10**decimals, currency) == 49


def test_what_is_left_of_a_dinar_is_shown():
    assert format_money(4950, "RSD").replace("\xa0", "") == "RSD49.50"
