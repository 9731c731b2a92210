"""What kind of tender document this is, by its name and the words on its first page.

A first rule: a phrase in the name counts more than one in a heading, a heading more than the text. Documents that match
nothing are ``other``. Phrases are those of the forms of 44-FZ and 223-FZ purchases.
"""

from __future__ import annotations

import re

from tenderlake.lake.schema import DocumentType


_PHRASES: dict[DocumentType, str] = {
    # The order breaks ties: a justification of the price speaks of a contract, a contract has a specification.
    DocumentType.NMCK_JUSTIFICATION: r"обосновани\w+\s+(?:нмцк|начальн\w+)|расч[её]т\s+нмцк|анализ\s+цен",
    DocumentType.PROTOCOL: r"\bпротокол\w*",
    DocumentType.NOTICE: r"\bизвещени\w+|\bприглашени\w+\s+принять",
    DocumentType.ESTIMATE: r"\bсмет(?:а|ы|у|ный|ная|ное)\b|локальн\w+\s+смет\w+|ведомост\w+\s+объ[её]м\w+",
    DocumentType.TECHNICAL_SPECIFICATION: r"техническ\w+\s+задани\w+|описани\w+\s+объекта\s+закупки|\bтз\b"
    r"|техническ\w+\s+требовани\w+",
    DocumentType.APPLICATION_FORM: r"форма\s+заявки|заявк\w+\s+на\s+участие|коммерческ\w+\s+предложени\w+"
    r"|анкет\w+\s+участника",
    DocumentType.CONTRACT: r"проект\w*\s+контракт\w*|\b(?:государственн|муниципальн)\w+\s+контракт\w*"
    r"|\bдоговор\w*|\bконтракт\w*",
}
_COMPILED = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _PHRASES.items()}

_HEAD_CHARACTERS = 600
_NAME_POINTS, _HEAD_POINTS = 3, 2


def classify(filename: str, first_text: str) -> DocumentType:
    """The type of a document from its file name and the text of its first page."""
    name = re.sub(r"[_\-.]+", " ", filename)
    head = first_text[:_HEAD_CHARACTERS]
    best, best_points = DocumentType.OTHER, 0
    for kind, pattern in _COMPILED.items():
        points = _NAME_POINTS * bool(pattern.search(name)) + _HEAD_POINTS * bool(pattern.search(head))
        if points > best_points:
            best, best_points = kind, points
    return best
