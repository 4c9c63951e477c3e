"""One order of rows, whatever order they came in, and chance that hangs on ids: no answer depends on row order."""

from quarterhour.base.row_order.chance import drawn_normal, drawn_turns
from quarterhour.base.row_order.sorting import (
    as_numbers,
    by_content,
    by_id,
    by_line,
    id_order,
    is_unique,
    line_order,
    place_names,
)

__all__ = [
    "as_numbers",
    "by_content",
    "by_id",
    "by_line",
    "drawn_normal",
    "drawn_turns",
    "id_order",
    "is_unique",
    "line_order",
    "place_names",
]
