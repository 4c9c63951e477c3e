"""The toy street with a cemetery to place: deaths, a yard that stands, two parcels."""

from __future__ import annotations

from pathlib import Path

PARCELS = "id,name,x,y,free,area_m2\np1,近地,401800,4150000,,67.5\np2,远地,403600,4150000,20,9000\n"


def write_graves_study(study: Path, asked: str, *, yard: int = 30, parcels: str = PARCELS) -> Path:
    """The toy study asks for two sites among parcels: 15 deaths a year in t1, ``yard`` free graves at the day centre.

    ``asked``: further lines of the study file, of its siting question first.
    """
    file = study / "study.toml"
    text = file.read_text(encoding="utf-8").replace('rules = ["weihai-14fyp"]', 'rules = ["weihai-14fyp", "cemetery"]')
    text = text.replace("new_sites = 1", "new_sites = 2").replace('candidates = "communities"', 'candidates = "table"')
    file.write_text(text + asked, encoding="utf-8")
    (study / "deaths.csv").write_text("town,deaths,backlog\nt1,15,0\n", encoding="utf-8")
    sites = (study / "facilities.csv").read_text(encoding="utf-8").splitlines()
    sites = [sites[0] + ",free", *(f"{row},{yard if row.startswith('d,') else ''}" for row in sites[1:])]
    (study / "facilities.csv").write_text("\n".join(sites) + "\n", encoding="utf-8")
    (study / "parcels.csv").write_text(parcels, encoding="utf-8")
    return study
