"""Parquet: how much a file comes to once its runs and dictionaries are unfolded, before they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quarterhour.base import limits


def check_parquet(file: Path, facts: Any) -> None:
    """DataError where a file has more values or bytes than may be. ``facts``: its footer (pyarrow's metadata)."""
    groups = [facts.row_group(k) for k in range(facts.num_row_groups)]
    told = sum(group.column(k).num_values for group in groups for k in range(group.num_columns))
    limits.check("layer_values", max(facts.num_rows * facts.num_columns, told), of=file)
    limits.check("layer_bytes", sum(group.total_byte_size for group in groups), of=file)
    texts = [name for at, name in _texts(facts) if _folded([group.column(at) for group in groups])]
    size = sum(_unfolded_bytes(file, name) for name in texts)
    limits.check("layer_bytes", size, of=file)


def _texts(facts: Any) -> list[tuple[int, str]]:
    """The plain columns of texts or bytes, by position and name."""
    columns = enumerate(facts.schema.column(k) for k in range(facts.num_columns))
    return [(k, c.path) for k, c in columns if c.physical_type == "BYTE_ARRAY" and c.max_repetition_level == 0]


def _folded(chunks: list[Any]) -> bool:
    """Whether a column could come to more than may be: its rows times all bytes of its chunk."""
    most = sum(chunk.num_values * chunk.total_uncompressed_size for chunk in chunks)
    return bool(most > limits.limit("layer_bytes"))


def _unfolded_bytes(file: Path, name: str) -> int:
    """The bytes of a column of texts, counted by its dictionary."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    column = pq.read_table(file, columns=[name], read_dictionary=[name]).column(0)
    if not hasattr(column.type, "value_type"):
        return int(column.nbytes)
    total = 0
    for chunk in column.chunks:
        lengths = pc.binary_length(chunk.dictionary)
        total += pc.sum(pc.take(lengths, chunk.indices).cast("int64")).as_py() or 0
    return total
