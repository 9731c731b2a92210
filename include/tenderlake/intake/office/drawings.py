"""Pictures of office files, and what else lies on a sheet or slide."""

from __future__ import annotations

from tenderlake.intake.office.flow import Flow, Picture
from tenderlake.intake.office.package import Element, OfficePackage, attribute, children, descendants, number

_EMU_PER_CM = 360_000


def shown_cm(element: Element) -> tuple[float, float] | None:
    """The size of a shape as shown, by its own transform."""
    for transform in descendants(element, "xfrm"):
        for size in children(transform, "ext"):
            width, height = number(attribute(size, "cx")), number(attribute(size, "cy"))
            if width > 0 and height > 0:
                return width / _EMU_PER_CM, height / _EMU_PER_CM
    return None


def paragraph_text(paragraph: Element) -> str:
    """The text of a paragraph of DrawingML."""
    parts: list[str] = []
    for found in descendants(paragraph, "t", "br", "tab"):
        tag = found.tag.rpartition("}")[2]
        parts.append(found.text or "" if tag == "t" else "\n" if tag == "br" else "\t")
    return "".join(parts)


def add_picture(package: OfficePackage, target: str | None, flow: Flow, shown: tuple[float, float] | None) -> bool:
    """Add the picture in a part of the file, shown at so many centimetres; whether it is there and sound."""
    data = package.optional_read(target)
    if target is None or data is None:
        return False
    flow.picture(Picture(data, target.rpartition("/")[2], shown))
    return True


def add_drawing(package: OfficePackage, part: str, flow: Flow) -> None:
    """The text boxes and pictures of a drawing, in its order."""
    root = package.optional_xml(part)
    if root is None:
        return
    relations = package.relations(part)
    for shape in descendants(root, "sp", "pic"):
        if shape.tag.rpartition("}")[2] == "sp":
            flow.text("\n".join(paragraph_text(paragraph) for paragraph in descendants(shape, "p")))
            continue
        for blip in descendants(shape, "blip"):
            add_picture(package, relations.target(attribute(blip, "embed")), flow, shown_cm(shape))
