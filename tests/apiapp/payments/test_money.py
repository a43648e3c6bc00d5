"""Amounts: each currency has its own decimal places, and none has more."""

from decimal import Decimal

import pytest

from apiapp.payments.errors import BadAmount
from apiapp.payments.money import CURRENCIES, MOST_MINOR, PLACES, decimal_of, minor_of, text_of


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "text"),
    [
        ("12.5", "EUR", 1250, "12.50"),
        ("0.01", "USD", 1, "0.01"),
        (12.1, "EUR", 1210, "12.10"),
        (0.1, "CNY", 10, "0.10"),
        ("1250", "JPY", 1250, "1250"),
        ("1250.00", "JPY", 1250, "1250"),
        (7, "KRW", 7, "7"),
        ("1.234", "KWD", 1234, "1.234"),
        ("1e2", "EUR", 10000, "100.00"),
        ("9999999999.99", "EUR", MOST_MINOR, "9999999999.99"),
    ],
)
def test_an_amount_is_exact(amount: str | float, currency: str, minor: int, text: str):
    assert minor_of(decimal_of(amount), currency) == minor
    assert text_of(minor, currency) == text


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("12.345", "EUR"),
        ("0.5", "JPY"),
        ("1.2345", "KWD"),
        ("0", "EUR"),
        ("-1", "EUR"),
        ("10000000000", "EUR"),
        ("1e30", "JPY"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        ("1_000", "EUR"),
        ("١٢", "EUR"),
        ("1e999999999999", "EUR"),
        ("1e-999999999", "EUR"),
        ("12.50000000000000000000000000000000001", "EUR"),
        ("", "EUR"),
        ("12,50", "EUR"),
        ("9" * 5000, "EUR"),
    ],
)
def test_what_is_no_amount_of_the_currency_is_refused(amount: str, currency: str):
    with pytest.raises(BadAmount):
        minor_of(decimal_of(amount), currency)


def test_the_currencies_are_those_in_use():
    assert len(CURRENCIES) == len(set(CURRENCIES)) > 150
    assert (PLACES["JPY"], PLACES["EUR"], PLACES["KWD"]) == (0, 2, 3)
    assert {"XXX", "XTS", "DEM"}.isdisjoint(CURRENCIES)


def test_what_is_written_reads_the_same_again():
    for currency in CURRENCIES:
        for minor in (1, 99, 100_001, MOST_MINOR):
            assert minor_of(Decimal(text_of(minor, currency)), currency) == minor
