"""How the workbook looks: fonts, colours, number formats; each format is made once."""

from __future__ import annotations

from typing import Any

from quarterhour.base.cells import blank
from quarterhour.base.labels import gap_percent, percent

FONT = "Microsoft YaHei"
INK, QUIET, LINE, HEAD, GROUP = "#23272E", "#5D636C", "#C9D1DA", "#E7EEF5", "#D3E0EE"
INSIDE, OUTSIDE, BAR = "#1F5FA8", "#D1495B", "#A9C6E8"
SERIES = ("#1F5FA8", "#E08A2B", "#4F8F6B", "#7A5BB5")
"""Colours of charts, a series each; told apart with weak colour vision too."""
SHARE, GAP, WHOLE, NUMBER, DATE = "0.0%", "0.00%", "#,##0", "#,##0.0##", "yyyy-mm-dd"
TENTH, HUNDREDTH, THOUSANDTH, PLAIN = "#,##0.0", "#,##0.00", "0.000", "0"
_TONES = {"good": ("#C6EFCE", "#006100"), "bad": ("#FFC7CE", "#9C0006"),
          "middle": ("#FFEB9C", "#7F5600"), "none": ("#EDEDED", "#595959")}  # fmt: skip
_ENDS = {text: f'"{text}"' for text in ("<0.1%", ">99.9%", "<0.01%", ">99.99%")}


class Looks:
    """Formats of a workbook by what they say; the same order of asking gives the same bytes."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def get(self, **look: Any) -> Any:
        """A format of xlsxwriter's properties, over the workbook's own font."""
        whole = {"font_name": FONT, "font_size": 10, "font_color": INK, **look}
        key = tuple(sorted(whole.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(whole)
        return self._made[key]

    def cell(self, form: str = "", *, tone: str = "", strong: bool = False, wrap: bool = False) -> Any:
        """A cell of a table. ``form``: its number format, "" for text. ``tone``: good, bad, middle, none or "".

        Text stands a step in, so that it does not touch the number before it.
        """
        look: dict[str, Any] = {"border": 1, "border_color": LINE, "valign": "vcenter"}
        look |= {"num_format": form} if form else {"indent": 1}
        if wrap:
            look["text_wrap"] = True
        if strong:
            look |= {"bold": True, "bg_color": "#F3F6FA"}
        if tone:
            fill, ink = _TONES[tone]
            look |= {"bg_color": fill, "font_color": ink, "align": "center", "indent": 0}
        return self.get(**look)

    def head(self, *, group: bool = False) -> Any:
        """A heading, or what stands over several of them."""
        return self.get(bold=True, text_wrap=True, border=1, border_color=LINE, align="center", valign="vcenter",
                        bg_color=GROUP if group else HEAD)  # fmt: skip

    def title(self) -> Any:
        """The title of a sheet."""
        return self.get(bold=True, font_size=15, valign="vcenter")

    def said(self, *, wrap: bool = False) -> Any:
        """What a sheet says under its title."""
        return self.get(font_color=QUIET, valign="vcenter", **({"text_wrap": True} if wrap else {}))

    def link(self) -> Any:
        """A link inside the workbook."""
        return self.get(font_color=INSIDE, underline=1, valign="vcenter")


def share_form(value: Any, form: str) -> str:
    """The format of a percentage that is short of everything, or more than nothing, by less than is shown."""
    if form not in (SHARE, GAP) or blank(value):
        return form
    return _ENDS.get(percent(value) if form == SHARE else gap_percent(value), form)
