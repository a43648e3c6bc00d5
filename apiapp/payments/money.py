"""Amounts of money: decimals outside, whole minor units inside, never floats.

Source: ISO 4217, list one (active codes) and its minor units.
"""

from decimal import Decimal, InvalidOperation

from apiapp.payments.errors import BadAmount

TWO_PLACES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
    "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN "
    "QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP "
    "TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"
)
OTHER_PLACES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
PLACES = {
    code: places
    for places, codes in {2: TWO_PLACES, **OTHER_PLACES}.items()
    for code in codes.split()
}
CURRENCIES = tuple(sorted(PLACES))
MOST_MINOR = 999_999_999_999  # 12 digits: exact in whatever program reads them
MOST_CHARS = 40


def decimal_of(value: str | int | float) -> Decimal:
    """A number as it was written.  Raises BadAmount."""
    text = str(value).strip()
    try:
        found = Decimal(text) if len(text) <= MOST_CHARS and text.isascii() else Decimal("NaN")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or "_" in text:
        raise BadAmount("a decimal number is wanted, such as 12.50")
    return found


def minor_of(amount: Decimal, currency: str) -> int:
    """How many of the smallest unit it is.  Raises BadAmount."""
    places = PLACES[currency]
    if not 0 < amount <= MOST_MINOR:
        raise BadAmount("more than nothing, and not more than there is, is wanted")
    written, _, exponent = f"{amount:e}".partition("e")  # exact, other than arithmetic
    digits = written.replace(".", "").rstrip("0")
    zeros = int(exponent) + 1 - len(digits) + places
    if zeros < 0:
        raise BadAmount(f"{currency} has {places} decimal places")
    minor = int(digits) * 10**zeros
    if minor > MOST_MINOR:
        raise BadAmount(f"{text_of(MOST_MINOR, currency)} {currency} is the most that is taken")
    return minor


def text_of(minor: int, currency: str) -> str:
    """`12.50` of 1250 cents, `1250` of as many yen."""
    return f"{Decimal(minor).scaleb(-PLACES[currency]):f}"
