"""A process that reads one bomb: ``python one_bomb.py WHAT FILE``; prints sentence, peak in kB, CPU seconds."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from quarterhour.base.errors import QuarterhourError


def read(what: str, file: Path) -> None:
    """As the program reads a file of that sort."""
    if what == "table":
        from quarterhour.io import files

        files.read_table(file)
    elif what == "graph":
        from quarterhour.io import osm

        osm.read_graphml_roads(file, crs="EPSG:32651")
    elif what == "osm":
        from quarterhour.io import osm

        osm.read_osm_roads(file, crs="EPSG:32651")
    elif what == "plan":
        from quarterhour.siting.proof.plan_record import read_records, verify_record

        for _, record in read_records(file):
            verify_record(record)
    elif what == "rules":
        from quarterhour.standards.rules import read_rule_set

        read_rule_set(file)
    elif what == "study":
        from quarterhour.study.file import read_study_file

        read_study_file(file)
    elif what == "grid":
        import geopandas as gpd
        import shapely

        from quarterhour.io.population import people_of_grid

        people_of_grid(file, gpd.GeoSeries([shapely.box(400_000, 4_100_000, 500_000, 4_200_000)], crs=32651))
    else:
        raise KeyError(what)


def main(what: str, file: str) -> None:
    """Read it, and say what came of it."""
    said = kind = ""
    try:
        read(what, Path(file))
    except QuarterhourError as error:
        said, kind = error.sentence("zh"), "told"
    except BaseException as error:
        said, kind = f"{type(error).__name__}: {error}"[:300], "traceback"
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(one.ru_utime + one.ru_stime for one in used)
    print(json.dumps({"said": said, "kind": kind, "peak": max(one.ru_maxrss for one in used), "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
