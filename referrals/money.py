"""Money for people to read. Everywhere else it is minor units and a currency code."""

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language

# Refuses what it would have to round, and sizes that no money has.
EXACT = Context(prec=28, Emax=40, Emin=-40, traps=[Inexact, InvalidOperation, Overflow])

# Babel counts the decimals that are in use; amounts have those of ISO 4217, as shops, banks and Stripe write them.
_ISO_4217 = {"IQD": 3} | dict.fromkeys(
    ("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MMK", "RSD", "SLL", "SOS", "SYP", "YER"), 2
)


def decimals_of(currency: str) -> int:
    """How many decimals an amount of this currency has."""
    return _ISO_4217.get(currency) or get_currency_precision(currency)


def format_money(minor: int, currency: str) -> str:
    """An amount in minor units as the active language writes it, such as €1,299.00 or 1.299,00 €."""
    return _format(minor, currency, (get_language() or "en").replace("-", "_"))


# A batch of rewards says the same few amounts again and again, and each takes 0.1 ms to write.
@lru_cache(maxsize=1000)
def _format(minor: int, currency: str, locale: str) -> str:
    as_used = currency not in _ISO_4217
    return format_currency(to_major(minor, currency), currency, locale=locale, currency_digits=as_used)


def to_minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount: 12.5 EUR is 1250, 12 JPY is 12. Raises ValueError if it cannot be exact."""
    try:
        minor = EXACT.scaleb(amount, decimals_of(currency))
        return int(EXACT.to_integral_exact(minor))
    except (ArithmeticError, ValueError) as error:
        raise ValueError(f"{amount} cannot be written exactly in {currency}.") from error


def to_major(minor: int, currency: str) -> Decimal:
    """The amount as people write it: 1250 EUR is 12.50, 12 JPY is 12."""
    return Decimal(minor).scaleb(-decimals_of(currency))
