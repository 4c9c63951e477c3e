"""The CRS of a study: as its file names it and true where the study lies, or else the zone of its roads."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import StudyError
from quarterhour.base.findings import finding
from quarterhour.base.labels import gap_percent
from quarterhour.io.zones import MOST_OFF, Zone, fitting_zones, own_zone, scale_off, study_area
from quarterhour.study.file.mistakes import line_of


class StudyCrs:
    """Which CRS a study is reckoned in, once its roads and communities are seen; ``findings``: what was taken.

    ``given``: as the study file names it, or None. ``file``: the study file, for the line. ``untrue``: what is wrong
    with the given one where the communities lie, to be raised once it is known that the roads lie there too.
    """

    def __init__(self, given: str | None, file: Path) -> None:
        self.given, self.file, self.code = given, file, given
        self.findings: list[pd.DataFrame] = []
        self.untrue: StudyError | None = None

    @property
    def any(self) -> str:
        """A CRS in metres to pass places through that are moved on as soon as the study's is chosen."""
        return self.code or "EPSG:3857"

    def of_roads(self, lonlat: FloatArray) -> str:
        """The CRS of the study; where it names none, the zone around the middle of its roads."""
        if self.code is None:
            zone = own_zone(lonlat)
            if zone is None:
                raise StudyError("study.no_zone")
            self._take(zone)
        return str(self.code)

    def of_communities(self, lonlat: FloatArray) -> str:
        """The CRS of the study, if lengths are true in it where the communities lie; their zone, where none chose yet.

        Where they are not, ``untrue`` names the line and the zones that fit. A zone that the roads chose gives way to
        that of the communities: the extract may be a province's. A study too large for any zone is told how far out
        lengths are.
        """
        code = self.of_roads(lonlat)
        off = scale_off(code, lonlat)
        if off <= MOST_OFF:
            return code
        better = [zone for zone in fitting_zones(lonlat) if zone.off <= MOST_OFF or zone.off < off / 2]
        if not better:
            self.findings.append(_stretched(code, off))
        elif self.given is None:
            self._take(own_zone(lonlat) or better[0])
        else:
            self.untrue = self._refused(off, better, lonlat)
        return str(self.code)

    def check(self) -> None:
        """StudyError where lengths are out of true in the given CRS."""
        if self.untrue is not None:
            raise self.untrue

    def _take(self, zone: Zone) -> None:
        self.code = zone.code
        told = finding("inputs.crs_chosen", severity="note", table="study", value=zone.code, detail=zone.name)
        self.findings = [told]
        if zone.off > MOST_OFF:
            self.findings.append(_stretched(zone.code, zone.off))

    def _refused(self, off: float, zones: list[Zone], lonlat: FloatArray) -> StudyError:
        lon, lat = study_area(lonlat).mean(axis=0)
        return StudyError(
            "study.crs_untrue", file=self.file.name, line=self._line(), crs=self.given, off=gap_percent(off),
            lon=f"{lon:.2f}", lat=f"{lat:.2f}", fits=" / ".join(map(str, zones)),
        )  # fmt: skip

    def _line(self) -> int:
        return line_of(self.file.read_text(encoding="utf-8-sig"), ("study", "crs")) if self.file.is_file() else 1


def _stretched(code: str, off: float) -> pd.DataFrame:
    return finding("inputs.crs_stretches", severity="warning", table="study", value=code, detail=gap_percent(off))
