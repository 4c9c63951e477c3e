"""Nearest facility of each community, as CSV: python scripts/nearest_table.py STUDY KIND MINUTES OUT.csv"""

from __future__ import annotations

import sys

import quarterhour as qh


def main(study: str, kind: str, minutes: str, out: str) -> None:
    """Walking times from every community to its nearest facility of a kind."""
    tables = qh.read_study_inputs(qh.read_study(study))
    net = qh.build_network(tables.roads, qh.read_modes()["walk"])
    sites = tables.facilities[tables.facilities["kind"] == kind]
    times = qh.travel_times(net, tables.communities, sites, minutes=float(minutes), heading="to_site")
    times.nearest().join(tables.communities["name"]).to_csv(out, encoding="utf-8-sig")


if __name__ == "__main__":
    main(*sys.argv[1:])
