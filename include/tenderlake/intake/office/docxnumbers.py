"""The lists of DOCX files (ECMA-376 part 1, 17.9)."""

from __future__ import annotations

from tenderlake.intake.office.listnumbers import Level, ListCounter
from tenderlake.intake.office.package import Element, attribute, child, children, descendants, number


class Numbering(ListCounter):
    """The lists of a document and how far each has counted."""

    def __init__(self, root: Element | None) -> None:
        super().__init__()
        links: dict[str, str] = {}
        style_owners: dict[str, str] = {}
        for entry in children(root, "abstractNum"):
            identity = attribute(entry, "abstractNumId")
            self.abstract[identity] = {number(attribute(lvl, "ilvl")): _level(lvl) for lvl in children(entry, "lvl")}
            if (link := child(entry, "numStyleLink")) is not None:
                links[identity] = attribute(link, "val")
            if (own := child(entry, "styleLink")) is not None:
                style_owners[attribute(own, "val")] = identity
        for identity, style in links.items():
            self.abstract[identity] = self.abstract.get(style_owners.get(style, ""), {})
        for entry in children(root, "num"):
            target = child(entry, "abstractNumId")
            if target is None:
                continue
            abstract = attribute(target, "val")
            overrides: dict[int, Level] = {}
            for override in children(entry, "lvlOverride"):
                place = number(attribute(override, "ilvl"))
                base = self.abstract.get(abstract, {}).get(place, Level())
                lvl, start = child(override, "lvl"), child(override, "startOverride")
                level = _level(lvl) if lvl is not None else base
                first = number(attribute(start, "val"), 1) if start is not None else level.start
                overrides[place] = Level(
                    first, level.number_format, level.text, level.is_legal, level.restarts_after, level.style
                )
            self.lists[attribute(entry, "numId")] = (abstract, overrides)

    def level_of_style(self, list_id: str, style: str) -> int:
        """The level of a list that belongs to a paragraph style; 0 where none does."""
        abstract, _ = self.lists.get(list_id, ("", {}))
        levels = self.abstract.get(abstract, {})
        return next((place for place, level in levels.items() if level.style == style), 0)


def _level(element: Element) -> Level:
    def value(name: str, default: str = "") -> str:
        found = child(element, name)
        return attribute(found, "val", default) if found is not None else default

    restart = child(element, "lvlRestart")
    legal = child(element, "isLgl")
    return Level(
        start=number(value("start", "1"), 1),
        number_format=value("numFmt", "decimal") or _alternate_format(element),
        text=value("lvlText"),
        is_legal=legal is not None and attribute(legal, "val", "1") not in ("0", "false"),
        restarts_after=number(attribute(restart, "val")) if restart is not None else None,
        style=value("pStyle") or None,
    )


def _alternate_format(element: Element) -> str:
    """Formats of newer versions stand in an alternative, such as «01, 02»."""
    return next((attribute(found, "val") for found in descendants(element, "numFmt")), "decimal")
