"""The league of towns, and what changed since an earlier run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from quarterhour.base.errors import DataError
from quarterhour.io import files
from quarterhour.standards.league import changes, earlier_rows, kept_rows, league_table


def rows(*given: tuple[str, str, float, object], binding: bool = True) -> pd.DataFrame:
    table = pd.DataFrame(given, columns=["target", "area", "value", "met"])
    rest = {"level": "town", "area_name": table["area"].str.upper(), "county": "k", "threshold": 1.0, "unit": "share",
            "missing": 0.0, "closes": 0.0, "binding": binding, "note": "", "needs": "", "rule_set": "x"}  # fmt: skip
    return table.assign(**rest, met=table["met"].astype("boolean"))


CARD = rows(
    ("p", "01", 1, True), ("q", "01", 1, True), ("p", "02", 1, True), ("q", "02", 0, False),
    ("p", "03", 0, False), ("q", "03", 1, True), ("p", "04", float("nan"), None), ("q", "04", float("nan"), None),
)  # fmt: skip


def test_equal_shares_share_a_rank() -> None:
    table = league_table(CARD)
    assert table["area"].tolist() == ["01", "02", "03", "04"]
    assert table["rank"].tolist()[:3] == [1, 2, 2] and pd.isna(table["rank"].iloc[3])
    assert table["broken_targets"].tolist() == ["", "q", "p", ""]
    assert table["no_data"].tolist() == [0, 0, 0, 2]


def test_what_does_not_bind_does_not_count() -> None:
    assert league_table(rows(("p", "01", 0, False), binding=False)).empty


def test_what_changed_since_an_earlier_run_survives_the_file(tmp_path: Path) -> None:
    files.write_csv(tmp_path / "scorecard.csv", kept_rows(CARD), index=False)
    before = earlier_rows(files.read_table(tmp_path / "scorecard.csv").frame, file="scorecard.csv")
    assert before["area"].tolist() == CARD["area"].tolist()  # "01" is no number
    assert changes(before, CARD).empty
    after = rows(
        ("p", "01", 0.5, False), ("q", "01", 1, True), ("p", "02", 1, True), ("q", "02", 1, True),
        ("p", "03", 0.25, False), ("q", "03", float("nan"), None), ("p", "04", 0, False), ("r", "04", 1, True),
    )  # fmt: skip
    found = changes(before, after).set_index(["target", "area"])["became"].to_dict()
    assert found == {
        ("p", "01"): "broken", ("q", "02"): "kept", ("p", "03"): "higher", ("q", "03"): "gone", ("p", "04"): "new",
        ("r", "04"): "new",
    }  # fmt: skip


def test_another_table_is_refused() -> None:
    with pytest.raises(DataError, match="lacks target"):
        earlier_rows(pd.DataFrame({"a": [1]}), file="x.csv")
