"""Money for people to read. Everywhere else it is minor units and a currency code."""

from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language


def format_money(minor: int, currency: str) -> str:
    """An amount in minor units as the active language writes it, such as €1,299.00 or 1.299,00 €."""
    digits = get_currency_precision(currency)
    return format_currency(
        Decimal(minor).scaleb(-digits), currency, locale=(get_language() or "en").replace("-", "_")
    )


def to_minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount: 12.5 EUR is 1250, 12 JPY is 12. Raises ValueError when digits are too many."""
    minor = amount.scaleb(get_currency_precision(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"{amount} has more digits than {currency} knows.")
    return int(minor)
