"""服务圈各设施到达的地面（等时圈），写成 GeoPackage。The ground that a circle's facilities reach, as a GeoPackage.

    python scripts/ground_reached.py my-city care-circle 5 10 15 ground.gpkg

只供制图；社区（村）在不在圈内从不由它判断。A picture in bands; whether a community is inside is never read from it.
"""

from __future__ import annotations

import argparse
import sys

import quarterhour as qh


def main(given: argparse.Namespace) -> None:
    """Write one layer, ``pictures``, in the CRS of the study, each facility by itself."""
    study = qh.read_study(given.study)
    tables = qh.read_study_inputs(study)
    wanted = next((circle for circle in study.file.circles if circle.id == given.circle), None)
    if wanted is None:
        known = ", ".join(circle.id for circle in study.file.circles)
        sys.exit(f"没有这个服务圈 / no such circle: {given.circle} ({known})")
    mode = qh.read_modes()[wanted.mode]
    ground = qh.isochrones(
        qh.build_network(tables.roads, mode),
        tables.facilities[tables.facilities["kind"].isin(wanted.kinds)],
        minutes=given.minutes,
        heading=wanted.heading,
        turnout_minutes=mode.turnout_minutes if wanted.turnout_minutes is None else wanted.turnout_minutes,
        bands=True,
    )
    ground.to_file(given.out, layer="pictures", driver="GPKG")
    print(ground.drop(columns="geometry").assign(km2=ground.area / 1e6).to_string(index=False))


if __name__ == "__main__":
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("study", help="研究文件或其文件夹 / a study.toml, or its folder")
    ask.add_argument("circle", help="服务圈的编号 / id of the circle")
    ask.add_argument("minutes", nargs="+", type=float, help="画到几分钟，可写几个 / minutes to draw, one or several")
    ask.add_argument("out", help="要写的 .gpkg / the file to write")
    asked = ask.parse_args()
    try:
        main(asked)
    except qh.errors.QuarterhourError as error:
        sys.exit(f"{error.sentence('zh')}\n{error}")
