"""再建几处，建在哪里，先建哪一处，离最优差多少。Where to build so many sites, which first, how far from the best.

    python scripts/next_sites.py my-city centres 3 sites.xlsx

只求这一个选址问题，其他规则（数量要求、预算等）照研究文件。This question alone, by all its rules but the number.
"""

from __future__ import annotations

import argparse
import sys

import quarterhour as qh

PLAIN = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
"""Names out of a file are never run as formulas."""


def main(given: argparse.Namespace) -> None:
    """Write the sites in their order with their coordinates (WGS 84), and say what the plan comes to."""
    study = qh.read_study(given.study)
    question = next((one for one in study.file.siting if one.id == given.question), None)
    if question is None:
        known = ", ".join(one.id for one in study.file.siting)
        sys.exit(f"没有这个选址问题 / no such question: {given.question} ({known})")
    alone = question.model_dump(exclude_unset=True) | {"new_sites": given.sites}
    for key in ("frontier", "phases", "values", "robust", "reserves", "near_best", "budget_frontier", "relocation"):
        alone.pop(key, None)
    results = qh.run_study(study.scenario(settings={"siting": [alone]}), checks=False, publish=True)
    found = results[given.question]
    print(*qh.explain_plan(found.proposal.problem, found.plan, given.lang), sep="\n")
    rows = found.gdf.to_crs("EPSG:4326")
    for level in ("town", "county"):
        rows[level] = rows[level].astype(str).replace(results.names(level))
    rows = rows.assign(lon=rows.geometry.x.round(6), lat=rows.geometry.y.round(6))
    told = rows[["order", "name", "town", "county", "gain", "quality", "lon", "lat"]]
    told.to_excel(given.out, engine="xlsxwriter", engine_kwargs=PLAIN)


if __name__ == "__main__":
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("study", help="研究文件或其文件夹 / a study.toml, or its folder")
    ask.add_argument("question", help="选址问题的编号 / id of the siting question")
    ask.add_argument("sites", type=int, help="最多新建几处 / sites to build at most")
    ask.add_argument("out", help="要写的 .xlsx / the workbook to write")
    ask.add_argument("--lang", choices=("zh", "en"), default="zh", help="语言 / language")
    asked = ask.parse_args()
    try:
        main(asked)
    except qh.errors.QuarterhourError as error:
        sys.exit(error.sentence(asked.lang))
