"""Check digits of Russian identifiers, to make invented numbers that pass the checks real ones pass.

Region code 98 is given to no region by the tax service, so no number made here belongs to anyone.
"""

from __future__ import annotations

from itertools import cycle


def _weighted_sum(digits: str, weights: tuple[int, ...]) -> int:
    return sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True))


def organisation_inn(first_nine: str) -> str:
    """The ИНН of an organisation (10 digits): nine digits and the control digit, sum mod 11 mod 10."""
    return first_nine + str(_weighted_sum(first_nine, (2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10)


def organisation_ogrn(first_twelve: str) -> str:
    """The ОГРН (13 digits): twelve digits, then their value mod 11 mod 10."""
    return first_twelve + str(int(first_twelve) % 11 % 10)


def organisation_okpo(first_seven: str) -> str:
    """The ОКПО (8 digits): weights 1 to 7, if the remainder is 10 weights 3 to 9, if it is 10 again 0."""
    remainder = _weighted_sum(first_seven, (1, 2, 3, 4, 5, 6, 7)) % 11
    if remainder == 10:
        remainder = _weighted_sum(first_seven, (3, 4, 5, 6, 7, 8, 9)) % 11 % 10
    return first_seven + str(remainder)


def treasury_account(bik: str, before_key: str, after_key: str) -> str:
    """A единый казначейский счёт (40102…, 20 digits) with the control key at its ninth place.

    The key makes the sum of the last digits of digit x weight (7, 1, 3, …) over «0», digits 5 and 6 of the БИК and the
    account a multiple of ten (Bank of Russia, 08.09.1997 № 515).
    """
    for key in "0123456789":
        account = before_key + key + after_key
        digits = "0" + bik[4:6] + account
        if sum(int(digit) * weight % 10 for digit, weight in zip(digits, cycle((7, 1, 3)), strict=False)) % 10 == 0:
            return account
    raise AssertionError("one of the ten keys always fits, since the weight of the key is coprime to ten")


def purchase_code(year: int, inn: str, kpp: str, plan_line: int, order: int, okpd2: str, expense_kind: str) -> str:
    """The ИКЗ (36 digits) of a municipal customer (ownership code 3)."""
    return f"{year % 100:02d}3{inn}{kpp}{plan_line:04d}{order:03d}{okpd2}{expense_kind}"
