"""The roads of a study: read as the canonical table, and weighed as a whole, how they hang together and who may use
how much of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from glob import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyproj

from quarterhour.base.errors import MissingError, StudyError
from quarterhour.base.findings import finding, join_findings, no_findings
from quarterhour.base.row_order import by_line
from quarterhour.io import files, osm
from quarterhour.io.answer_store.values import value_key
from quarterhour.io.network_store import program_sum
from quarterhour.io.osm import Box
from quarterhour.network import slope
from quarterhour.network.network import Mode
from quarterhour.network.roads import as_roads, in_one_order
from quarterhour.network.roads.account import doubtful_columns
from quarterhour.network.roads.topology import measure_topology
from quarterhour.study.file.declared import is_extract
from quarterhour.study.file.fields import Source
from quarterhour.study.inputs import Inputs
from quarterhour.study.reading.crs import StudyCrs
from quarterhour.study.reading.frames import of_part
from quarterhour.study.reading.kept_roads import KeptRoads, RoadsRead, RoadsWeighed
from quarterhour.study.reading.used import StudySources
from quarterhour.study.study import Study, modes_named, study_mode

_TOOLS = ("geopandas", "numpy", "osmium", "pandas", "pyarrow", "pyogrio", "pyproj", "rasterio", "scipy", "shapely")
"""The libraries that roads are read and weighed with."""
_WHOLE_GRIDS = (".tif", ".tiff", ".asc")
"""Elevations that lie in the file that is named; a .vrt or a part of an ESRI grid names others."""


class StudyRoads:
    """Reads the roads of a study, of whatever file; what a file gave is kept for the next run.

    ``given``: a file in place of the one that the study names.
    """

    def __init__(self, opened: StudySources, given: Path | None, crs: StudyCrs, kept: KeptRoads | None) -> None:
        self.opened, self.file, self.given, self.crs, self.kept = opened, opened.file, given, crs, kept

    def source(self) -> Path | files.Table:
        """The roads as given on the command line, or as the study names them."""
        if self.given is not None:
            if not files.is_there(self.given):
                raise MissingError("inputs.no_given_roads", path=self.given)
            self.opened.used[self.given] = "roads"
            return self.given
        if self.file.roads.path is None and self.file.roads.database is None:
            raise StudyError("study.no_roads")
        return self.opened.given(self.file.roads, "roads")

    def named(self) -> Source:
        """What the study says of the roads' file; of one given in its stead, where it names none, else nothing."""
        part = self.file.roads
        return part if self.given is None or (part.path is None and part.database is None) else Source()

    def read(self, box: Box | None) -> RoadsRead:
        """Roads as the canonical table with their turn restrictions; of an extract the part within a box."""
        source, grid = self.source(), self._grid()
        make = partial(self._read, source, grid, box)
        if self.kept is None or self.crs.code is None or not isinstance(source, Path):
            return make()
        if grid is not None and grid.suffix.lower() not in _WHOLE_GRIDS:
            return make()
        read = [source] if grid is None else [source, grid]
        sums = [(file.name, _sum(file)) for one in read for file in _with_others(one)]
        part = self.file.roads
        said = part.model_dump_json(), sorted(part.model_fields_set), self.given is None, box, self.crs.code
        return self.kept.read(value_key(*_program(), source.name, sums, said), make)

    def _read(self, source: Path | files.Table, grid: Path | None, box: Box | None) -> RoadsRead:
        part, known = self.file.roads, self.named()
        told, cut = [self._idle_keys(source)], False
        if is_extract(source):
            raw, found = osm.read_osm_roads(source, crs=self.crs.of_roads, bbox=box)
            cut = bool((found["rule"] == "osm.roads_outside").any())
            told.append(found)
        elif part.area is not None:
            raise StudyError("study.area_no_extract", path=source.name)
        elif isinstance(source, Path) and source.suffix == ".graphml":
            raw = osm.read_graphml_roads(source, crs=self.crs.of_roads)
        else:
            raw, found = files.read_layer(
                source, table="roads", crs=self.crs.of_roads, layer=known.layer, source_crs=known.crs,
                datum=known.datum, encoding=known.encoding, taken=False,
            )  # fmt: skip
            told.append(found)
            raw = in_one_order(raw, known.columns)
        raw = by_line(raw)
        roads, found = as_roads(
            raw, crs=raw.crs, columns=known.columns, table="roads", file=source.name, join_m=part.join_m,
            oneway_values=part.oneway_values,
        )  # fmt: skip
        told.append(found)
        if grid is not None:
            roads, found = slope.rise_m(roads, grid)
            told.append(found)
        whole = gpd.GeoDataFrame(of_part(roads, part, source=source.name))
        turns, found = osm.no_turns(), no_findings()
        if part.turns and is_extract(source):
            turns, found = osm.read_osm_turns(source, whole, cut=cut)
        return RoadsRead(whole, join_findings(told), turns, found)

    def _grid(self) -> Path | None:
        """The grid of elevations that the study names for the climbs of its roads."""
        named = self.file.roads.elevation
        return None if named is None else self.opened.beside(named, "elevation")

    def _idle_keys(self, source: Path | files.Table) -> pd.DataFrame:
        """That what the study says of its own roads does not hold for those given in their stead."""
        part = self.file.roads
        idle = sorted(part.model_fields_set & {"layer", "columns", "encoding", "crs", "datum"})
        if self.named() is part or not idle or is_extract(source):
            return no_findings()
        return finding(
            "inputs.keys_of_other_roads", severity="warning", table="roads", file=source.name, value=", ".join(idle),
            detail=part.path or part.table,
        )  # fmt: skip


def _with_others(file: Path) -> list[Path]:
    """A file and those beside it that a library may read with it: a shapefile's columns, what SQLite has not yet
    written into its file."""
    others = [*file.parent.glob(f"{escape(file.stem)}.*"), *file.parent.glob(f"{escape(file.name)}-*")]
    return [file, *sorted(one for one in others if one.is_file() and one != file)]


def _sum(file: Path) -> str:
    """The fingerprint of a file; "" of one that cannot be read: whoever needs it says so."""
    try:
        return files.sha256(file)
    except OSError:
        return ""


def weighed_roads(study: Study, made: Inputs, kept: KeptRoads | None = None) -> RoadsWeighed:
    """What is doubtful in the roads as a whole, for the modes that the study asks, and the places of it.

    ``kept``: roads that are known by their key are weighed once.
    """
    file, modes = next(iter(made.used.loc[made.used["table"] == "roads", "file"]), ""), asked_modes(study)

    def weigh() -> RoadsWeighed:
        found = measure_topology(made.roads, file=file)
        told = join_findings([found.table, doubtful_columns(made.roads, modes, file=file)])
        return RoadsWeighed(told, found.places)

    if kept is None or not made.roads_key:
        return weigh()
    return kept.weighed(value_key(*_program(), made.roads_key, file, modes), made.roads.crs, weigh)


def asked_modes(study: Study) -> list[Mode]:
    """Every mode that a study names, once."""
    where = dict(reversed(modes_named(study)))
    return [study_mode(study, name, where[name]) for name in sorted(where)]


def _program() -> tuple[str, Mapping[str, str], Sequence[object]]:
    """The program, the libraries that it reads roads with, and the grids that PROJ moves them by between datums."""
    proj: Any = pyproj
    said = proj.datadir.get_data_dir().split(os.pathsep) + [proj.datadir.get_user_data_dir()]
    grids = sorted((grid.name, grid.stat().st_size) for home in map(Path, said) for grid in home.glob("*.tif"))
    tools = {name: version(name) for name in _TOOLS}
    return program_sum(), tools, [proj.proj_version_str, proj.network.is_network_enabled(), grids]
