"""What stands in one cell: characters nobody sees, numbers as they are written, ids, people, kinds."""

# ruff: noqa: ARG005, E501 (a case is a line of a table: what is changed, what must be said)

from __future__ import annotations

from typing import Any

from corpus.city import City, csv_bytes, grid
from corpus.verdict import Book

BOOK = Book()
add = BOOK.add


def cell(column: str, value: Any, *, table: str = "communities", at: int = 0, of: Any = None) -> Any:
    """One cell (or, with ``of``, what a function makes of the one that is there); ``at`` counts the rows from 0."""

    def change(city: City) -> None:
        row = city.rows(table)[at]
        row[column] = of(row[column]) if of else value
        city.save(table)

    return change


def every(column: str, of: Any, *, table: str = "communities") -> Any:
    """Each cell of a column as a function makes it; of two parameters, it is given the whole row."""

    def change(city: City) -> None:
        for row in city.rows(table):
            row[column] = of(row[column])
        city.save(table)

    return change


def again(change: Any, *, table: str = "communities", at: int = 0, end: bool = True) -> Any:
    """A row once more, changed."""

    def write(city: City) -> None:
        rows = city.rows(table)
        rows.insert(len(rows) if end else 0, {**rows[at], **change(rows[at])})
        city.save(table)

    return write


# --- characters ---------------------------------------------------------------------------------------------------

UNSEEN = {"zero_width": "\u200b", "joiner": "\u200d", "bom": "\ufeff", "soft_hyphen": "\u00ad", "rtl_mark": "\u200f",
          "word_joiner": "\u2060", "bell": "\x07", "filler": "\u3164", "braille_blank": "\u2800"}  # fmt: skip
for _name, _sign in UNSEEN.items():
    add(f"id_with_{_name}", cell("id", "", of=lambda v, s=_sign: v[:4] + s + v[4:]), "unseen@2")
    add(f"kind_with_{_name}", cell("kind", "", table="facilities", of=lambda v, s=_sign: s + v), "unseen@2")
    add(f"same_id_but_for_{_name}", again(lambda r, s=_sign: {"id": r["id"] + s}), "unseen@26", "id_again@26")
for _column in ("town", "county", "name", "older", "lon"):
    add(f"{_column}_with_zero_width", cell(_column, "", of=lambda v: v[:2] + "\u200b" + v[2:]), "unseen@2")
for _name, _blank in {"wide": "\u3000", "no_break": "\u00a0", "tab": "\t", "plain": "  "}.items():
    add(f"id_between_{_name}_blanks", every("id", lambda v, b=_blank: b + v + b))
    add(f"kind_between_{_name}_blanks", every("kind", lambda v, b=_blank: b + v + b, table="facilities"))
    add(f"people_between_{_name}_blanks", every("older", lambda v, b=_blank: b + v + b))
    add(f"same_id_but_for_{_name}_blanks", again(lambda r, b=_blank: {"id": r["id"] + b}), "id_again@26")
add("line_break_in_a_name", cell("name", "", of=lambda v: v[:2] + "\n" + v[2:]))
add("line_break_in_an_id", cell("id", "", of=lambda v: v + "\n"))

# --- numbers ------------------------------------------------------------------------------------------------------

WIDE = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
add("people_full_width", every("older", lambda v: v.translate(WIDE)))
add("coordinates_full_width", every("lon", lambda v: v.translate(WIDE)))
add("ids_full_width", every("id", lambda v: v.translate(WIDE)))
add("people_with_thousands_comma", every("older", lambda v: f"{int(v):,}"))
for _name, _blank in {
    "blank": " ",
    "no_break": "\u00a0",
    "narrow": "\u202f",
    "thin": "\u2009",
    "figure": "\u2007",
}.items():
    add(f"people_with_thousands_{_name}", every("older", lambda v, b=_blank: f"{int(v):,}".replace(",", b)),
        "blank_thousands")  # fmt: skip
add("people_with_thousands_apostrophe", every("older", lambda v: f"{int(v):,}".replace(",", "'")), "blank_thousands")
add(
    "people_with_blanks_in_odd_places",
    cell("older", "", of=lambda v: f"{v[:1]} {v[1:]}"),
    "people_not_number@2",
    right=False,
)
add("people_marked_as_text", every("older", lambda v: f"'{v}"), "apostrophes@2")
add("longitude_marked_as_text", every("lon", lambda v: f"'{v}"), "apostrophes@2")
add("latitude_marked_as_text", cell("lat", "", of=lambda v: f"\u2019{v}"), "apostrophes@2")
add("facility_marked_as_text", every("lon", lambda v: f"'{v}", table="facilities"), "apostrophes@2")
add("people_with_wide_comma", every("older", lambda v: f"{int(v):,}".replace(",", "，")))
add("people_with_thousands_point", every("older", lambda v: f"{int(v):,}".replace(",", ".")), "people_rounded_many",
    right=False)  # fmt: skip
add("people_with_decimals_0", every("older", lambda v: v + ".0"))
add("people_with_decimals_00", every("older", lambda v: v + ".00"))
add("people_with_decimal_comma_0", every("older", lambda v: v + ",0"), "comma_decimal@2")
add("people_in_science", every("older", lambda v: f"{int(v):.3E}"))
add("people_as_formulas_of_text", every("older", lambda v: f'="{v}"'), "apostrophes@2")
add("people_with_plus", every("older", lambda v: "+" + v))
add("people_with_leading_zeros", every("older", lambda v: "00" + v))
add("people_with_unit", every("older", lambda v: v + "人"), "persons_counted@2")
add("people_with_another_unit", every("older", lambda v: v + "户"), error="inputs.no_communities")
add("longitude_with_decimal_comma", every("lon", lambda v: v.replace(".", ",")), "comma_decimal@2")
add("coordinates_as_formulas_of_text", every("lon", lambda v: f'="{v}"'), "apostrophes@2")
for _name, _bad in {
    "circled": "951①", "superscript": "951²", "unit": "951户", "text": "无", "dash": "-", "long_dash": "—", "na": "N/A",
    "nan": "nan", "hash": "#N/A", "ref": "#REF!", "slash": "/", "question": "?", "about": "约951", "range": "900-951",
    "letters": "9S1", "o_for_0": "9O1", "hex": "0x3B7", "infinity": "inf", "chinese": "九百五十一", "roman": "ⅸ", "two": "951 15",
    "percent": "95%", "fraction": "½", "brackets": "(951)", "money": "￥951", "arabic": "٩٥١", "star": "951*",
    "note": "951(含流动)", "date": "2025-01-02", "true": "TRUE", "underscore": "9_51",
}.items():  # fmt: skip
    add(f"people_{_name}", cell("older", _bad), "people_not_number@2", right=False)
for _name, _bad, _rule in (
    ("blank", "", "people_missing@2"), ("blanks", "   ", "people_missing@2"), ("negative", "-951", "people_impossible@2"),
    ("wide_minus", "－951", "people_impossible@2"), ("too_many", "3000000000", "people_impossible@2"),
    ("half", "951.5", "people_rounded@2"), ("zero_too_many", "951000", "people_far_beyond@2"),
    ("science", "9.51E+05", "people_far_beyond@2"), ("minus_zero_five", "950.4", "people_rounded@2"),
):  # fmt: skip
    add(f"people_{_name}", cell("older", _bad), _rule, right=False)
add("people_minus_0", cell("hardship", "-0", at=7), right=False)
BOOK.cases.pop()  # 1 person, not 0: nothing can show it
add("people_all_blank", every("older", lambda v: ""), error="inputs.no_communities")
add("people_all_0", every("older", lambda v: "0"), "people_all_zero", right=False)
add("people_all_the_same", every("older", lambda v: "875"), "people_all_equal", right=False)
add("people_mostly_blank", lambda c: [r.update(older="") for r in c.communities[3:]] and c.save("communities"),
    "people_missing@5", right=False)  # fmt: skip
add("hardship_above_older", cell("hardship", "2000"), "part_over_whole@2", right=False)
add("columns_exchanged", lambda c: c.study["communities"].update(
    columns={**c.part("communities")["columns"], "older": "hardship", "hardship": "older"}),
    "parts_exchanged", right=False)  # fmt: skip
add("one_column_for_both", lambda c: c.study["communities"]["columns"].update(hardship="older"),
    "people_same_column", right=False)  # fmt: skip
add("one_row_shifted", lambda c: (c.communities[0].update(older="15", hardship="951"), c.save("communities")),
    "part_over_whole@2", right=False)  # fmt: skip
add("control_total_right", lambda c: c.part("communities").update(totals={"older": 20999, "hardship": 253}, rows=24))
add("control_total_wrong", lambda c: c.part("communities").update(totals={"older": 21999}), "doubts.not_the_total")
add("control_rows_wrong", lambda c: c.part("communities").update(rows=25), "doubts.not_the_rows")

# --- ids ----------------------------------------------------------------------------------------------------------

add("ids_with_apostrophe", every("id", lambda v: "'" + v))
add("ids_as_float", every("id", lambda v: v + ".0"))
add("id_in_science", cell("id", "3.71002E+11"), "id_mangled@2", right=False)
add("ids_in_science", every("id", lambda v: f"{int(v):.5E}"), error="inputs.no_communities")
add("id_blank", cell("id", ""), "no_id@2", right=False)
add("id_na", cell("id", "#N/A"), right=True)
add("ids_all_blank", every("id", lambda v: ""), error="inputs.no_communities")
add("id_again", again(lambda r: {}), "id_again@26")
add("id_again_far_off", again(lambda r: {"name": "他村", "lon": "122.11", "lat": "37.51"}), "id_again@26")
add("id_again_as_float", again(lambda r: {"id": r["id"] + ".0"}), "place_twice@26", right=False)
add("id_again_full_width", again(lambda r: {"id": r["id"].translate(WIDE)}), "id_again@26")
add("id_again_with_apostrophe", again(lambda r: {"id": "'" + r["id"]}), "place_twice@26", right=False)
add("facility_id_again", again(lambda r: {}, table="facilities"), "id_again@12")
add("facility_id_blank", cell("id", "", table="facilities"), "no_id@2", right=False)
add("place_again_other_id", again(lambda r: {"id": "v99"}), "place_twice@26", right=False)
add("place_again_other_name", again(lambda r: {"id": "v99", "name": "东村"}), "people_twice@26", right=False)
add("place_again_rounded", again(lambda r: {"id": "v99", "lon": "122.133", "lat": "37.538"}), "place_near_twice@26",
    right=False)  # fmt: skip
add("facility_again_other_id", again(lambda r: {"id": "f99"}, table="facilities"), "place_twice@12", right=False)
add("table_pasted_twice", lambda c: (c.communities.extend([{**r, "id": f"n{i}"} for i, r in enumerate(c.communities)]),
    c.save("communities")), "place_twice_many", right=False)  # fmt: skip
add("table_pasted_twice_same_ids", lambda c: (c.communities.extend(list(c.communities)), c.save("communities")),
    "id_again@26", "id_again@49")  # fmt: skip
add("names_blank", every("name", lambda v: ""), "blank_many")
add("one_name_blank", cell("name", ""), "blank@2")
add("names_all_the_same", every("name", lambda v: "社区"))
add("name_of_a_formula", cell("name", "=1+1"))
add("name_with_html", cell("name", "<b>东</b>"))
add("name_very_long", cell("name", "东" * 5000))
add("name_with_emoji", cell("name", "东🏠村"))
add("name_with_rare_character", cell("name", "\U00020bb7涝台"))

# --- kinds --------------------------------------------------------------------------------------------------------

LABELS = {"day_care": "日间照料中心", "happiness_home": "农村幸福院", "care_base": "照料护理基地"}
add("kinds_by_label", every("kind", LABELS.get, table="facilities"), circles=True)
for _name, _said in {"dash": "day-care", "capitals": "DAY_CARE", "two_words": "day care", "camel": "Day_Care",
                     "wide": "ｄａｙ＿ｃａｒｅ", "label": "日间照料中心", "label_blank": "日间照料 中心"}.items():  # fmt: skip
    add(f"kind_{_name}", cell("kind", _said, table="facilities"))
add("kind_slip", cell("kind", "day_cares", table="facilities"), "doubts.kind_near", right=False)
add("kind_blank", cell("kind", "", table="facilities"), "doubts.kind_blank", right=False)
for _name, _said in {"other": "shop", "number": "7", "two": "day_care,care_base", "short_label": "日照"}.items():
    add(f"kind_{_name}", cell("kind", _said, table="facilities"), "doubts.kind_unknown", right=False)
add("kinds_all_unknown", every("kind", lambda v: "shop", table="facilities"), "inputs.no_kind", right=False)
add("kind_none_of_a_circle", lambda c: (c.facilities.__setitem__(slice(8, None), []), c.save("facilities")),
    "inputs.no_kind", right=False)  # fmt: skip
add("facilities_none", lambda c: (c.use("facilities", "f.csv").write_bytes(csv_bytes(grid(c.facilities)[:1]))),
    "inputs.no_kind", right=False)  # fmt: skip
add("kind_for_all", lambda c: (c.part("facilities")["columns"].pop("kind"), c.part("facilities").update(kind="day_care")),
    "inputs.no_kind", right=False)  # fmt: skip
