"""Paragraph styles of Word documents: which of them are headings, lists or bold."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tenderlake.intake.office.package import Element, attribute, child, children, number

_HEADING_NAME = re.compile(r"(?:heading|заголовок)\s*([1-9])", re.IGNORECASE)
_ARTICLE_NAMES = frozenset({"заголовок статьи"})
"""Of the legal reference system «Гарант», whose exports have no outline levels for the articles of a law."""
_ARTICLE_OUTLINE_LEVEL = 3
_TITLE_NAMES = frozenset({"title", "название", "заголовок"})
_BODY_LEVEL = 9
_MOST_DEPTH = 20


@dataclass(frozen=True)
class ParagraphStyle:
    """What a style says; None: it says nothing.

    ``outline_level`` is 0 to 8 for headings, 9 for body text.
    """

    is_title: bool = False
    outline_level: int | None = None
    list_id: str | None = None
    list_level: int | None = None
    is_bold: bool | None = None
    is_centered: bool | None = None
    breaks_before: bool | None = None

    @property
    def heading_level(self) -> int | None:
        """From 1; None for body text."""
        level = self.outline_level
        return level + 1 if level is not None and level < _BODY_LEVEL else None

    def over(self, base: ParagraphStyle) -> ParagraphStyle:
        """This style where it says something, else its base."""
        said = {name: value for name, value in vars(self).items() if value is not None}
        return replace(base, **{**said, "is_title": self.is_title or base.is_title})


class Styles:
    """The styles of a document by their ids."""

    def __init__(self, root: Element | None) -> None:
        self._elements: dict[str, Element] = {}
        self._resolved: dict[str, ParagraphStyle] = {}
        self._default: str | None = None
        for style in children(root, "style"):
            if attribute(style, "type", "paragraph") != "paragraph":
                continue
            identity = attribute(style, "styleId")
            self._elements[identity] = style
            if is_on(attribute(style, "default", "0")):
                self._default = identity

    def of(self, identity: str | None) -> ParagraphStyle:
        """The style of a paragraph, with all that it is based on."""
        identity = identity if identity in self._elements else self._default
        return self._resolve(identity, 0) if identity is not None else ParagraphStyle()

    def _resolve(self, identity: str, depth: int) -> ParagraphStyle:
        if identity in self._resolved:
            return self._resolved[identity]
        element = self._elements[identity]
        base = child(element, "basedOn")
        base_id = attribute(base, "val") if base is not None else None
        inherited = ParagraphStyle()
        if base_id in self._elements and base_id is not None and depth < _MOST_DEPTH:
            inherited = self._resolve(base_id, depth + 1)
        own = of_properties(child(element, "pPr"), child(element, "rPr"))
        name = child(element, "name")
        resolved = _named(own, attribute(name, "val") if name is not None else "").over(inherited)
        self._resolved[identity] = resolved
        return resolved


def _named(style: ParagraphStyle, name: str) -> ParagraphStyle:
    if name.strip().lower() in _TITLE_NAMES:
        return replace(style, is_title=True)
    if name.strip().lower() in _ARTICLE_NAMES and style.outline_level is None:
        return replace(style, outline_level=_ARTICLE_OUTLINE_LEVEL)
    match = _HEADING_NAME.match(name.strip())
    if match and style.outline_level is None:
        return replace(style, outline_level=int(match[1]) - 1)
    return style


def of_properties(paragraph: Element | None, run: Element | None = None) -> ParagraphStyle:
    """What the properties of a paragraph (or of a style) say."""
    numbering = child(paragraph, "numPr")
    level, list_id = child(numbering, "ilvl"), child(numbering, "numId")
    outline = child(paragraph, "outlineLvl")
    justified = child(paragraph, "jc")
    return ParagraphStyle(
        outline_level=number(attribute(outline, "val"), _BODY_LEVEL) if outline is not None else None,
        list_id=attribute(list_id, "val") if list_id is not None else None,
        list_level=number(attribute(level, "val")) if level is not None else None,
        is_bold=switch(run, "b"),
        is_centered=attribute(justified, "val") == "center" if justified is not None else None,
        breaks_before=switch(paragraph, "pageBreakBefore"),
    )


def switch(properties: Element | None, name: str) -> bool | None:
    """Whether a property is on; None where it is not said (ECMA-376 part 1, 17.17.4)."""
    found = child(properties, name)
    return None if found is None else is_on(attribute(found, "val", "1"))


def is_on(value: str) -> bool:
    """The truth of an attribute."""
    return value not in ("0", "false", "off", "none", "")
