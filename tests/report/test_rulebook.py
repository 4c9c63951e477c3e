"""`quarterhour rules`: listed, explained, compared; and rules of one's own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from quarterhour.base.errors import DataError
from quarterhour.base.i18n import LANGUAGES
from quarterhour.report.rulebook import rulebook_lines
from quarterhour.standards.rules import compare_dates, read_rule_set, rule_sets


def test_every_rule_is_cited_and_named_in_both_languages() -> None:
    for name in rule_sets():
        rules = read_rule_set(name)
        assert rules.zh and rules.en
        for rule in rules.every():
            assert rule.zh and rule.en and rule.clause and rule.source and rule.date, rule.id


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_rule_is_listed_and_explained(lang: str) -> None:
    listed = "\n".join(rulebook_lines((), lang=lang))
    for name in rule_sets():
        for rule in read_rule_set(name).every():
            assert rule.id in listed
            assert any(rule.clause in line for line in rulebook_lines((name,), explain=rule.id, lang=lang))


STATE = ("farmland", "forest", "parks", "water", "railways", "trunk-roads")


def test_two_dates_are_compared() -> None:
    """The state's regulation was replaced on 2026-03-30; of the new one no figure was seen."""
    lines = rulebook_lines(("cemetery",), compare=("2026-03-29", "2026-03-30"), lang="en")
    assert [line.split(" ")[:2] for line in lines[1:]] == [["-", f"state-{area}"] for area in STATE]
    assert rulebook_lines(("cemetery",), compare=("2026-04-01", "2026-05-01"), lang="en")[1] == "nothing changes."
    on = "\n".join(rulebook_lines(("cemetery",), on="2026-03-30", lang="en"))
    assert "state-parks" not in on and "shandong-water" in on


def test_a_figure_that_changes_is_there_before_and_after(tmp_path: Path) -> None:
    rule = '[[target]]\nid = "beds"\nzh = "床"\nen = "beds"\nlevel = "city"\nmeasure = "total"\n'
    rule += 'table = "f"\ncolumns = ["b"]\n'
    head = '[rules]\nid = "own"\nzh = "自定"\nen = "own"\n'
    for day, threshold in (("2020-01-01", 1), ("2025-01-01", 2)):
        (tmp_path / f"{threshold}.toml").write_text(
            f'{head}{rule}unit = "beds"\nthreshold = {threshold}\neffective_from = {day}\n', encoding="utf-8"
        )
    every = [r for n in (1, 2) for r in read_rule_set(tmp_path / f"{n}.toml").targets]
    ((key, old, new),) = compare_dates(every, date(2024, 1, 1), date(2025, 1, 1))
    assert key == "beds (city)" and old is every[0] and new is every[1]


def test_what_is_not_known_is_told() -> None:
    with pytest.raises(DataError, match="2026-03-30"):
        rulebook_lines((), on="spring")
    with pytest.raises(DataError, match="Known: "):
        rulebook_lines((), explain="nothing")
    with pytest.raises(DataError, match="nowhere"):
        rulebook_lines(("nowhere",))


def test_a_wrong_rule_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    for text, said in (
        ("[rules", "own.toml"),
        ("[[targets]]\n", "targets"),
        ('[[exclusion]]\nid = "x"\nzh = "x"\nen = "x"\nlayer = "l"\nmetres = -1\nkinds = ["k"]\n', "number -1"),
        ('[[figure]]\nid = "x"\nzh = "x"\nen = "x"\nunit = "m2"\n', "value"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=said):
            read_rule_set(file)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_lapses_by_a_day_is_listed_first_to_lapse_first(lang: str) -> None:
    lines = rulebook_lines(("cemetery",), expiring="2026-06-30", lang=lang)
    lapsing, blank = lines[: 1 + len(STATE)], lines[1 + len(STATE) :]
    assert "2026-06-30" in lapsing[0] and all(f"state-{a}" in x for a, x in zip(STATE, lapsing[1:], strict=True))
    assert "state-2026-areas" in blank[1] or "state-2026-areas" in blank[2]
    assert len(rulebook_lines(("living-circle",), expiring="2026-03-28", lang=lang)) == 2  # there is none
    every = rulebook_lines((), expiring="2026-06-30", lang=lang)
    filled = next(place for place, line in enumerate(every[1:], 1) if not line.startswith("- "))
    ends = [line.rsplit(" – ", 1)[1][:10] for line in every[1:filled]]
    assert ends == sorted(ends) and len(ends) > 30


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_to_be_filled_stands_after_what_lapses(lang: str) -> None:
    lines = rulebook_lines(("cemetery-shandong",), expiring="2026-06-30", on="2026-06-30", lang=lang)
    assert len(lines) == 2 + 1 + 11 and "11" in lines[2]
    assert all("shandong-202" in line for line in lines[3:])
    (said, *_) = rulebook_lines(("cemetery-shandong",), explain="shandong-2023-water", lang=lang)
    assert "nan" not in said
