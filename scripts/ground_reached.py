"""Draw the ground that a circle's facilities reach: python scripts/ground_reached.py STUDY CIRCLE MINUTES... OUT.gpkg

A picture for a map, in bands, each facility by itself. Whether a community is covered is never read from it.
"""

from __future__ import annotations

import sys

import quarterhour as qh


def main(study: str, circle: str, *minutes_and_out: str) -> None:
    """Write one layer, ``pictures``, in the CRS of the study."""
    *minutes, out = minutes_and_out
    asked = qh.read_study(study)
    tables = qh.read_study_inputs(asked)
    wanted = next(c for c in asked.file.circles if c.id == circle)
    mode = qh.read_modes()[wanted.mode]
    ground = qh.isochrones(
        qh.build_network(tables.roads, mode),
        tables.facilities[tables.facilities["kind"].isin(wanted.kinds)],
        minutes=[float(m) for m in minutes],
        heading=wanted.heading,
        turnout_minutes=mode.turnout_minutes if wanted.turnout_minutes is None else wanted.turnout_minutes,
        bands=True,
    )
    ground.to_file(out, layer="pictures", driver="GPKG")
    print(ground.drop(columns="geometry").assign(km2=ground.area / 1e6).to_string(index=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
