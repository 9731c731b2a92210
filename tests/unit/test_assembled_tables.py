"""Given the tables of a page as an engine wrote them, these are the cells that the lake gets of them."""

from __future__ import annotations

import pytest

from tenderlake.assembly import assembled_page
from tenderlake.documents import PageKind, PagePlan
from tenderlake.paragraphs import page_text
from tests.pageresults import document_cells, page_result, table_block

pytestmark = pytest.mark.unit

PLAN = PagePlan(page_number=1, kind=PageKind.NATIVE, reason="", width_px=0, height_px=0)


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("<table><tr><td>Цена</td></tr></table>", ["Цена"]),
        ("<table><tr><t\x00d>Цена</td></tr></table>", ["Цена"]),
        ("<table><tr><!-- <td>Цена</td> --></tr></table>", []),
    ],
)
def test_cells_are_those_of_the_text_that_stands_in_blocks(source: str, texts: list[str]) -> None:
    page = assembled_page(PLAN, page_result(table_block(source)), None)
    found = document_cells(page.result, parse=page.parse)
    assert [cell.text for cell in found] == texts
    assert page_text(page.result, page.parse) == "".join(texts)
    assert page.parse(source) is page.parse(source), "each table is parsed once"
