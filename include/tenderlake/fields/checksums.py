"""What can be proved about an identifier: check digits and forms of Russian registry numbers, banks and purchases.

Every function is given the bare value, digits without spaces, and says True or False; :func:`account_fits` may say
None, where nothing can be checked. Sources of the rules:

- ИНН, ОГРН: the weights and moduli of python-stdnum 2.2 (stdnum.ru).
- ОГРНИП: the first 14 digits modulo 13, of that the last digit (rin-nas/postgresql-patterns-library, issue 10).
  python-stdnum 2.2 forgets the last step and refuses 23 % of the valid ones, so it is not used here.
- Accounts: Bank of Russia, 08.09.1997 № 515, weights 7, 1, 3 over three digits of the БИК and the account. Accounts of
  the treasury that begin with 03 have no key.
- ОКПО: weights 1…10 modulo 11, weights 3… where that gives 10, zero where both do (learn.chistoug.ru).
- Purchases, contracts and ИКЗ: the schemas of the unified system for 44-FZ (10.2) and 223-FZ (16.2), and order of the
  finance ministry 55н for the parts of an ИКЗ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_INN_WEIGHTS = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_ACCOUNT_WEIGHTS = (7, 1, 3)
_KPP = re.compile(r"(?!0000)[0-9]{4}[0-9A-Z]{2}[0-9]{3}")
_BIK = re.compile(r"[012][0-9]{8}")
_ACCOUNT = re.compile(r"[0-9]{20}")
_YEAR = r"(?:1[1-9]|[2-4][0-9])"
_NOTICE_44 = re.compile(rf"0[1-9][0-9]{{9}}{_YEAR}[0-9]{{6}}")
_NOTICE_223 = re.compile(rf"3{_YEAR}[0-9]{{8}}")
_CONTRACT_44 = re.compile(rf"[123][0-9]{{10}}{_YEAR}[0-9]{{6}}")
_CONTRACT_223 = re.compile(rf"5[0-9]{{10}}{_YEAR}[0-9]{{6}}(?:[0-9]|[A-Z][0-9])[0-9]{{3}}")
_PURCHASE_CODE = re.compile(rf"{_YEAR}[0-9]{{34}}")
_TREASURY_START = "03"
_KEPT_AT_BANK_OF_RUSSIA = ("301", "40102")
"""Correspondent accounts and the single treasury account."""


def _digits(value: str, *lengths: int) -> bool:
    return len(value) in lengths and value.isascii() and value.isdigit()


def _inn_digit(digits: str) -> int:
    weights = _INN_WEIGHTS[len(_INN_WEIGHTS) - len(digits) :]
    return sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True)) % 11 % 10


def is_inn(value: str) -> bool:
    """Whether this is an ИНН: 10 digits of an organisation, 12 of a person; all zeros is none."""
    if not _digits(value, 10, 12) or not int(value):
        return False
    if len(value) == 10:
        return _inn_digit(value[:9]) == int(value[9])
    return _inn_digit(value[:10]) == int(value[10]) and _inn_digit(value[:11]) == int(value[11])


def is_kpp(value: str) -> bool:
    """Whether this has the form of a КПП; it has no check digit."""
    return _KPP.fullmatch(value) is not None


def is_ogrn(value: str) -> bool:
    """Whether this is an ОГРН (13 digits, first 1 or 5) or an ОГРНИП (15 digits, first 3)."""
    if _digits(value, 13):
        return value[0] in "15" and int(value[:12]) % 11 % 10 == int(value[12])
    return _digits(value, 15) and value[0] == "3" and int(value[:14]) % 13 % 10 == int(value[14])


def is_okpo(value: str) -> bool:
    """Whether this is an ОКПО: 8 digits of an organisation, 10 of a person."""
    if not _digits(value, 8, 10):
        return False
    rest = _weighted(value[:-1], 0)
    return (_weighted(value[:-1], 2) % 10 if rest == 10 else rest) == int(value[-1])


def _weighted(digits: str, shift: int) -> int:
    return sum(((place + shift) % 10 + 1) * int(digit) for place, digit in enumerate(digits)) % 11


def is_oktmo(value: str) -> bool:
    """Whether this has the form of an ОКТМО: 8 digits of a municipality, 11 of a settlement."""
    return _digits(value, 8, 11)


def is_bik(value: str) -> bool:
    """Whether this has the form of a БИК of a bank or a body of the treasury; it has no check digit."""
    return _BIK.fullmatch(value) is not None


def is_account(value: str) -> bool:
    """Whether this has the form of an account: 20 digits, balance accounts 3… and 4… or of the treasury."""
    return _ACCOUNT.fullmatch(value) is not None and value[0] in "034"


def account_fits(account: str, bik: str) -> bool | None:
    """Whether the control key of an account fits the БИК of its bank; None for accounts of the treasury (03…)."""
    if not is_account(account) or not is_bik(bik):
        return False
    if account.startswith(_TREASURY_START):
        return None
    # Those kept at the Bank of Russia itself are counted with its department's number.
    is_central = account.startswith(_KEPT_AT_BANK_OF_RUSSIA) or bik[6:] in ("000", "001", "002")
    digits = ("0" + bik[4:6] if is_central else bik[6:]) + account
    return sum(int(digit) * _ACCOUNT_WEIGHTS[place % 3] % 10 for place, digit in enumerate(digits)) % 10 == 0


def is_notice_44(value: str) -> bool:
    """Whether this has the form of a notice under 44-FZ: 11 digits of the customer, 2 of the year, 6 of the number."""
    return _NOTICE_44.fullmatch(value) is not None


def is_notice_223(value: str) -> bool:
    """Whether this has the form of a notice under 223-FZ: 3, 2 digits of the year, 8 of the number."""
    return _NOTICE_223.fullmatch(value) is not None


def is_contract_44(value: str) -> bool:
    """Whether this is the registry number of a contract under 44-FZ: level, ИНН, year, number."""
    return _CONTRACT_44.fullmatch(value) is not None and is_inn(value[1:11])


def is_contract_223(value: str) -> bool:
    """Whether this is the registry number of a contract under 223-FZ: 5, ИНН, year, number, document."""
    return _CONTRACT_223.fullmatch(value) is not None and is_inn(value[1:11])


@dataclass(frozen=True)
class PurchaseCode:
    """The parts of an ИКЗ that say something elsewhere too; ``okpd2``: four digits, zeros for several."""

    year: int
    inn: str
    kpp: str
    okpd2: str
    expense_kind: str


def purchase_code(value: str) -> PurchaseCode | None:
    """The parts of an ИКЗ; None where it is none: its form or the customer's ИНН inside do not hold."""
    if not _PURCHASE_CODE.fullmatch(value) or not is_inn(value[3:13]) or not is_kpp(value[13:22]):
        return None
    return PurchaseCode(2000 + int(value[:2]), value[3:13], value[13:22], value[29:33], value[33:])
