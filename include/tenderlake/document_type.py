"""What kind of tender document this is, by its name and the words on its first page.

A first rule: a phrase in the name counts more than one at the head of the page. Documents that match nothing are
``other``. Phrases are those of the forms of 44-FZ and 223-FZ purchases.
"""

from __future__ import annotations

import re

from tenderlake.lake.vocabulary import DocumentType

_PHRASES: dict[DocumentType, str] = {
    # The order breaks ties: a justification of the price speaks of a contract, a contract has a specification.
    DocumentType.NMCK_JUSTIFICATION: r"обосновани\w+\s+(?:нмцк|начальн\w+)|расч[её]т\s+нмцк|анализ\s+цен"
    r"|ценово\w+\s+анализ",
    DocumentType.PROTOCOL: r"\bпротокол\w*",
    DocumentType.APPLICATION_FORM: r"форма\s+заявки|заявк\w+\s+на\s+участие|коммерческ\w+\s+предложени\w+"
    r"|анкет\w+\s+участника|требовани\w+\s+к\s+(?:содержанию\W+(?:и\s+)?составу\s+)?заявк\w+",
    DocumentType.NOTICE: r"\bизвещение\b|\bприглашение\s+принять",
    DocumentType.ESTIMATE: r"\bсмет(?:а|ы|у|ный|ная|ное)\b|локальн\w+\s+смет\w+|ведомост\w+\s+объ[её]м\w+",
    DocumentType.TECHNICAL_SPECIFICATION: r"техническ\w+\s+задани\w+|описани\w+\s+объекта\s+закупки|\bтз\b"
    r"|техническ\w+\s+требовани\w+",
    DocumentType.CONTRACT: r"проект\w*\s+(?:контракт|договор)\w*"
    r"|\b(?:государственн|муниципальн)\w+\s+контракт\w*|\b(?:договор|контракт)\s*(?:№|на\s|подряда|поставки)"
    r"|^(?:договор|контракт)\w*$",
}
_COMPILED = {kind: re.compile(pattern, re.IGNORECASE | re.MULTILINE) for kind, pattern in _PHRASES.items()}

_HEAD_CHARACTERS = 400
_NAME_POINTS, _HEAD_POINTS = 3, 2


def classify(filename: str, first_text: str) -> DocumentType:
    """The type of a document from its file name and the text at the head of its first page."""
    name = re.sub(r"[_\-.]+", " ", filename)
    head = first_text[:_HEAD_CHARACTERS]
    best, best_points = DocumentType.OTHER, 0
    for kind, pattern in _COMPILED.items():
        points = _NAME_POINTS * bool(pattern.search(name)) + _HEAD_POINTS * bool(pattern.search(head))
        if points > best_points:
            best, best_points = kind, points
    return best
