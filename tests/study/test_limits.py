"""Numbers that a study may name: an upper end where a slip would fill the memory, and limits of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

import quarterhour as qh
from quarterhour.base import limits
from quarterhour.base.errors import DataError, StudyError
from quarterhour.cli.options import Given
from quarterhour.cli.studies import run_and_hand_in
from quarterhour.io import osm
from quarterhour.report import write
from quarterhour.study.new_study import fetch_study

ROUNDS = '[rounds]\nkinds = ["care_base"]\npeople = "hardship"\nmode = "walk"\n'
PICTURE = '[[pictures]]\ncircle = "care-circle"\n'
OVERLAY = '[overlay]\nkind = "day_care"\n'
MODE = '[modes.slow]\ntravels = "vehicle"\n'


def changed(folder: Path, old: str, new: str) -> Path:
    """The toy study with one thing said otherwise, or more said at its end."""
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    assert not old or old in text
    file.write_text(text.replace(old, new, 1) if old else f"{text}\n{new}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed = 1", "threads = 1000000", 'study.threads: should be "auto" or a whole number from 1 to 256'),
        ("seed = 1", "snap_limit_m = 1e12", "study.snap_limit_m: should be at most 100000"),
        ("minutes = 15", "minutes = 1000000000", "minutes: should be at most 600"),
        ("new_sites = 1", "new_sites = 1000000000", "new_sites: should be at most 100000"),
        ("new_sites = 1", "new_sites = 1\nfrontier = 1000000", "frontier: should be at most 500"),
        ("new_sites = 1", "new_sites = 1\nrobust = { scenarios = 1000000000 }", "scenarios: should be at most 200"),
        ("new_sites = 1", "new_sites = 1\nmin_distance_m = 1e9", "min_distance_m: should be at most 1000000"),
        ('candidates = "communities"', 'candidates = "network"\ncandidate_count = 999999999',
         "candidate_count: should be at most 100000"),
        ("new_sites = 1", 'new_sites = 1\nexclude = [{ layer = "communities", metres = 1e9 }]',
         "metres: should be at most 1000000"),
        ("new_sites = 1", "new_sites = 1\nphases = { per_year = 1, first_year = 99999 }",
         "first_year: should be at most 2150"),
        ("", PICTURE + "minutes = [1e9]", "should be at most 600"),
        ("", PICTURE + "minutes = [15]\nradius_m = 1e9", "radius_m: should be at most 10000"),
        ("", PICTURE + f"minutes = {list(range(1, 401))}", "has too many entries"),
        ("", OVERLAY + "cell_m = 0.001", "cell_m: should be at least 1"),
        ("", ROUNDS + "visits_a_week = 1e9", "visits_a_week: should be at most 100"),
        ("", MODE + "speed_kmh = 1e-9", "speed_kmh: should be at least 0.1"),
        ("", '[forecast]\nmethod = "hamilton_perry"\ntable = "a"\nyears = [99999]', "should be at most 2100"),
        ("", "[limits]\nsheet_cels = 5", "there is no such limit"),
        ("", "[limits]\nsheet_cells = 0", "should be at least 1"),
        ("", f"[limits]\nsheet_cells = {10**19}", "should be at most 1000000000000000"),
    ],
)  # fmt: skip
def test_a_number_that_nobody_means_is_told_by_line_and_field(toy_study: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(StudyError) as caught:
        qh.read_study(changed(toy_study, old, new))
    assert said in str(caught.value) and "study.toml:" in str(caught.value)


def test_a_study_raises_a_limit_for_its_own_files(toy_study: Path) -> None:
    study = qh.read_study(changed(toy_study, "", "[limits]\ntable_columns = 3"))
    with pytest.raises(DataError, match="the number of its columns is > 3"):
        qh.read_study_inputs(study)
    assert (
        len(
            qh.read_study_inputs(
                qh.read_study(changed(toy_study, "table_columns = 3", "table_columns = 30"))
            ).communities
        )
        == 4
    )


def test_what_is_read_beside_the_tables_has_the_limits_of_the_study_too(
    toy_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = changed(toy_study, "", "[limits]\nanswer_bytes = 7\nsheet_cells = 8_000_000")
    heard: list[int] = []

    def ends(*_: object, **__: object) -> None:
        heard.append(limits.limit("answer_bytes"))
        heard.append(limits.limit("sheet_cells"))
        raise DataError("osm.bad_area", area="-")

    monkeypatch.setattr(osm, "fetch", ends)
    monkeypatch.setattr(write, "read_earlier", ends)
    with pytest.raises(DataError, match="area"):
        fetch_study(qh.read_study(folder), bbox="1,2,3,4")
    with pytest.raises(DataError, match="area"):
        run_and_hand_in(str(folder), Given(), out=None, lang="en", quiet=True, against=folder)
    assert heard == [7, 8_000_000] * 2
