"""A study's folder before its first run: the template, the embedded study, the download."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from quarterhour.base import i18n
from quarterhour.base.errors import DataError, StudyError
from quarterhour.base.machine.scratch import sweep
from quarterhour.io import files, osm, sets
from quarterhour.study.progress import RunProgress
from quarterhour.study.reading.crs import StudyCrs
from quarterhour.study.reading.used import StudyDatabases
from quarterhour.study.study import Study, within_limits


def demo_folder() -> Path:
    """The embedded study of Weihai: in the wheel, or in data/raw of the checkout.

    Returns
    -------
    The path of its folder, with ``study.toml`` and the tables. Its facilities and roads are made up, and say so.

    Examples
    --------
    >>> import quarterhour as qh
    >>> sorted(path.name for path in qh.demo_folder().glob("*.toml"))
    ['study.toml']
    """
    packed = Path(str(resources.files("quarterhour"))) / "data" / "weihai"
    if packed.is_dir():
        return packed
    return Path(__file__).resolve().parents[3] / "data" / "raw" / "weihai"


def init_study(folder: str | Path) -> list[Path]:
    """A new study in a new or empty folder: a commented study.toml and empty tables to fill in.

    What a dead run left there is swept, as a run does. WriteError where a live one works there.
    """
    target = Path(folder)
    sweep(target)
    if target.exists() and (not target.is_dir() or any(path.name not in sets.OF_LOCKS for path in target.iterdir())):
        raise StudyError("study.folder_taken", path=str(folder))
    templates = sorted((resources.files("quarterhour") / "data" / "template").iterdir(), key=lambda f: f.name)
    with sets.holding(target), files.together(target) as growing:
        for template in templates:
            bom = "\ufeff" if template.name.endswith(".csv") else ""
            files.write_text(growing / template.name, bom + template.read_text(encoding="utf-8"))
    return [target / template.name for template in templates]


def as_bbox(text: str) -> tuple[float, float, float, float]:
    """west,south,east,north in degrees, checked."""
    parts = text.replace("，", ",").split(",")
    try:
        west, south, east, north = (float(p) for p in parts)
    except ValueError:
        raise DataError("new_study.bad_bbox", given=text) from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise DataError("new_study.bad_bbox", given=text)
    return west, south, east, north


@within_limits
def fetch_study(
    study: Study,
    *,
    place: str | None = None,
    bbox: str | None = None,
    server: str | None = None,
    lang: str = "zh",
    tell: RunProgress | None = None,
) -> list[Path]:
    """Roads, facilities and communities of the study area out of OpenStreetMap, kept with date and query.

    They go into the study's own folder. The area is a place name, a box, or else the box around
    the study's communities and some 5 km more. The kinds are those that the study asks for.
    """
    area: str | tuple[float, float, float, float]
    if bbox:
        area = as_bbox(bbox)
    elif place:
        area = place
    elif study.file.communities.database is not None or (
        study.file.communities.path and files.is_there(study.folder / study.file.communities.path)
    ):
        area = _around_communities(study)
    else:
        raise DataError("new_study.no_area")
    if tell:
        tell(i18n.say("new_study.step_fetch", lang))
    made = osm.fetch(area, study.folder, facility_kinds=_kinds(study), facility_tags=_tags(study),
                     own_kinds=study.file.own_tags, endpoint=server)  # fmt: skip
    return [made.roads, made.facilities, made.communities, made.query]


def _kinds(study: Study) -> tuple[str, ...]:
    asked = [k for part in study.file.facilities if not isinstance(part.from_osm, Mapping) for k in part.from_osm]
    asked += [k for part in study.file.circles for k in part.kinds] + [q.kind for q in study.file.siting]
    known = {*osm.known_kinds(), *study.file.own_tags}
    found = tuple(dict.fromkeys(k for k in asked if k in known))
    return found if found or _tags(study) else ("hospital", "cemetery")


def _tags(study: Study) -> tuple[Mapping[str, Any], ...]:
    return tuple(part.from_osm for part in study.file.facilities if isinstance(part.from_osm, Mapping))


def _around_communities(study: Study) -> tuple[float, float, float, float]:
    crs = study.file.study.crs or StudyCrs(None, study.path).of_roads
    part, filled = study.file.communities, study.file.filled
    stored = StudyDatabases(study.file.databases)
    given = study.folder / str(part.path) if part.database is None else stored.table(part, "communities")
    frame, _ = files.read_places(
        given, table="communities", crs=crs, columns=part.columns,
        people=tuple(c for c in part.people if c not in filled), source_crs=part.crs, datum=part.datum,
        encoding=part.encoding, sheet=None if part.sheet is None else str(part.sheet),
        header_row=part.header_row, layer=part.layer, hidden_rows=part.hidden_rows,
    )  # fmt: skip
    if not len(frame):
        raise DataError("new_study.no_area")
    west, south, east, north = frame.buffer(5000).to_crs("EPSG:4326").total_bounds
    return float(west), float(south), float(east), float(north)
