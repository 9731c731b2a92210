"""What finders know of a document besides the page before them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tenderlake.fields.pagereading import PageReading
from tenderlake.fields.roles import Roles, RoleTrail, trail_of


@dataclass(frozen=True)
class DocumentContext:
    """The document that a page belongs to.

    Args:
        path: in the inbox, with the path in the archive.
        page_count: of the document.
        trail: the parties that the pages before spoke of, and what kind of document it is.
    """

    path: str
    page_count: int
    trail: RoleTrail = field(default_factory=RoleTrail)

    def at(self, page: PageReading) -> DocumentContext:
        """The context of a page: the first one says what the document is."""
        return self if self.trail.has_begun else replace(self, trail=trail_of(page))

    def after(self, page: PageReading) -> DocumentContext:
        """The context of the next page."""
        return replace(self, trail=replace(self.trail, carried=self.roles(page).last))

    def roles(self, page: PageReading) -> Roles:
        """Whose the values of a page are."""
        return Roles(page, self.trail)
