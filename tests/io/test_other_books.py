"""Workbooks that are no .xlsx: .xls and WPS's .et, and .ods, read by the same rules."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from quarterhour.base.errors import DataError
from quarterhour.io import files

VILLAGES = Path(__file__).parent / "data" / "villages.xls"
"""Written by xlwt: a title over all columns, codes as numbers, the town merged over its villages, a hidden sheet."""
COLUMNS = {"id": "编号", "name": "名称", "town": "镇街", "x": "经度", "y": "纬度", "older": "老年人"}


def read(path: Path) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, object]]:
    return files.read_counted_places(path, table="communities", crs="EPSG:32651", columns=COLUMNS, people=["older"])


def ods(path: Path, rows: str) -> Path:
    """A spreadsheet as OpenDocument stores it, as far as a reader needs it."""
    names = "".join(
        f' xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text", "manifest")
    )
    body = f'<office:body><office:spreadsheet><table:table table:name="村居">{rows}</table:table>'
    content = f"<office:document-content{names}>{body}</office:spreadsheet></office:body></office:document-content>"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("mimetype", kind)
        packed.writestr("META-INF/manifest.xml", f"<manifest:manifest{names}>{entry}</manifest:manifest>")
        packed.writestr("content.xml", f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return path


def row(*cells: object) -> str:
    return f"<table:table-row>{''.join(map(_cell, cells))}</table:table-row>"


def _cell(value: object) -> str:
    kind = "float" if isinstance(value, int | float) else "string"
    held = f' office:value="{value}"' if kind == "float" else ""
    return (
        f'<table:table-cell office:value-type="{kind}"{held}><text:p>{value}</text:p></table:table-cell>'
        if value is not None
        else "<table:table-cell/>"
    )


@pytest.mark.parametrize("suffix", [".xls", ".et"])
def test_an_old_workbook_is_read_by_the_rules_of_a_new_one(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"villages{suffix}"
    shutil.copy(VILLAGES, path)
    kept, found, account = read(path)
    assert kept.index.tolist() == ["371002002001", "371002002002", "371002002003"]
    assert kept["town"].tolist() == ["371002002"] * 3  # merged, and filled down
    assert kept["older"].tolist() == [951, 570, 370]
    assert {"merged_filled", "totals_row", "hidden_sheet", "rows_unseen"} <= set(found["rule"])
    assert found.loc[found["rule"] == "totals_row", "row"].tolist() == [6]
    assert (account["rows"], account["used"], account["totals"]) == (4, 3, 1)


def test_an_open_document_is_read_and_its_million_blank_rows_cost_nothing(tmp_path: Path) -> None:
    head = row(*COLUMNS.values())
    body = row("371002002001", "东涝台社区", "371002002", 122.133217, 37.538352, 951)
    wide = '<table:table-cell table:number-columns-repeated="16384"/>'
    blank = f'<table:table-row table:number-rows-repeated="1048570">{wide}</table:table-row>'
    kept, _, account = read(ods(tmp_path / "v.ods", head + body + blank))
    assert kept.index.tolist() == ["371002002001"]
    assert account["rows"] == 1


def test_another_file_under_the_name_of_a_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.xls"
    path.write_text("<html><table><tr><td>编号</td></tr></table></html>", encoding="utf-8")
    with pytest.raises(DataError, match=r"content of .* is not .xls"):
        read(path)


@pytest.mark.parametrize("kept", [600, 2000, 4000])
def test_a_workbook_cut_short_is_a_sentence(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "v.xls"
    path.write_bytes(VILLAGES.read_bytes()[:kept])
    with pytest.raises(DataError):
        read(path)


@pytest.mark.parametrize("sector", [0, 1, 2])
def test_a_book_that_its_library_dies_of_is_a_sentence(tmp_path: Path, sector: int) -> None:
    """Sectors that are said to be beyond the file make calamine ask for a million gigabytes and abort."""
    data = bytearray(VILLAGES.read_bytes())
    table = 512 * (1 + int.from_bytes(data[76:80], "little"))
    data[table + 4 * sector : table + 4 * sector + 4] = (0x7FFFFFF0).to_bytes(4, "little")
    path = tmp_path / "v.xls"
    path.write_bytes(data)
    with pytest.raises(DataError, match="is broken"):
        read(path)
