"""The forecast that a study file asks for, out of its tables."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from quarterhour.base.arrays import FloatArray
from quarterhour.base.cells import texts
from quarterhour.base.errors import DataError
from quarterhour.base.findings import QUALITIES, UNSTATED
from quarterhour.services.forecast.ages import OLDER, OLDEST
from quarterhour.services.forecast.census import BOTH, Census, censuses, check_sums, finest_level
from quarterhour.services.forecast.groups import Rates, national_disabled
from quarterhour.services.forecast.life import LifeTable, life_table, rates_by_age
from quarterhour.services.forecast.make import make_forecast
from quarterhour.services.forecast.question import CITY, Counted, Knobs, Question
from quarterhour.services.forecast.tables import (
    Known,
    age_rows,
    check_migration,
    control_rows,
    growth_rows,
    rate_rows,
)
from quarterhour.services.forecast.tops import comparable_counts
from quarterhour.services.forecast.values import Forecast
from quarterhour.study.doubts.parts import file_of
from quarterhour.study.file.forecast import ForecastFile, VariantFile
from quarterhour.study.file.study import StudyFile
from quarterhour.study.inputs import Inputs

_CITY_NAMES = (CITY, "全市", "合计", "总计")
_LIFE_COLUMNS = ("person_years", "death_rate")


def study_forecast(file: StudyFile, tables: Inputs) -> Forecast | None:
    """The forecast of a study; None where it asks for none. DataError for tables that cannot be meant."""
    if file.forecast is None:
        return None
    return make_forecast(_Asked(file, file.forecast, tables).question())


@dataclass(frozen=True, eq=False)
class _Asked:
    """What the study file says, beside its tables."""

    file: StudyFile
    asked: ForecastFile
    tables: Inputs

    def question(self) -> Question:
        """The forecast's question in its own types."""
        asked, known = self.asked, self._known()
        plain = Question(
            asked.method, asked.years, self._county_of(), self._counties(), controls=self._controls(known),
            low=_knobs(asked.low), high=_knobs(asked.high), cap=asked.cap, smoothing=asked.smoothing,
            population=asked.population, sources=self._sources(), quality=self._quality(),
        )  # fmt: skip
        counts = self._counts(known, plain)
        if not counts:
            share = national_disabled() if asked.disabled is None else asked.disabled
            flat = share if isinstance(share, float) else None
            return replace(plain, below=self._below(known, None, plain), disabled_share=flat)
        q = replace(plain, counts=counts)
        used = comparable_counts(q)
        last = used[max(used)]
        life = self._life(min(c.open_age for c in used.values()))
        rates = Rates(self._disabled(last), None if life is None else life.fitted(last)[1])
        below = self._below(known, last, plain)
        return replace(q, below=below, life=life, rates=rates, migration=self._migration(known, last, plain))

    # --- areas ---

    def _counties(self) -> pd.Index:
        return pd.Index(sorted({c for c in self._county_of() if c} | set(map(str, self.tables.counties.index))))

    def _county_of(self) -> pd.Series:
        """County by town: of the table of towns, else of the communities."""
        towns = self.tables.towns
        if len(towns):
            county = texts(towns["county"])
            return pd.Series(county.to_numpy(), index=towns.index.astype(str))
        communities = self.tables.communities
        first = texts(communities["county"]).groupby(texts(communities["town"])).first()
        return first[first.index != ""]

    def _known(self) -> Known:
        """Level and id by id, and by names that one area alone has."""
        study, county_of = self.file.study, self._county_of()
        known: dict[str, tuple[str, str]] = dict.fromkeys((*_CITY_NAMES, study.zh, study.en), (CITY, CITY))
        known |= {str(c): ("county", str(c)) for c in self._counties()} | {
            str(t): ("town", str(t)) for t in county_of.index
        }
        names = [
            (name, (level, str(i)))
            for level, table in (("county", self.tables.counties), ("town", self.tables.towns)) if "name" in table
            for i, name in zip(table.index, texts(table["name"]), strict=True)
        ]  # fmt: skip
        counted = pd.Series([name for name, _ in names], dtype=object).value_counts()
        return {name: at for name, at in names if name and counted[name] == 1} | known

    # --- tables ---

    def _table(self, key: str) -> tuple[pd.DataFrame, str] | None:
        name = self.asked.tables.get(key)
        return None if name is None else (self.tables.tables[name], file_of(self.file, name))

    def _counts(self, known: Known, plain: Question) -> dict[int, Census]:
        found = self._table("table")
        if found is None:
            return {}
        rows = age_rows(found[0], file=found[1], known=known)
        counts = censuses(rows, file=found[1])
        level = next(iter(counts.values())).level
        check_sums(rows, counts, plain.parents(level), file=found[1])
        return counts

    def _life(self, open_age: int) -> LifeTable | None:
        found = self._table("life_table")
        if found is None:
            return None
        table, file = found
        kind = next((c for c in _LIFE_COLUMNS if c in table), None)
        if kind is None:
            raise DataError("forecast.no_column", file=file, column=" / ".join(_LIFE_COLUMNS),
                            found=", ".join(map(str, table.columns)))  # fmt: skip
        return life_table(rate_rows(table, file=file, value=kind), kind=kind, open_age=open_age, file=file)

    def _controls(self, known: Known) -> pd.DataFrame | None:
        found = self._table("controls")
        return None if found is None else control_rows(found[0], file=found[1], known=known)

    def _disabled(self, last: Census) -> FloatArray:
        """Shares of disabled people by sex and age: the study's, by age or as one figure, else the national one."""
        found = self._table("disabled")
        if found is not None:
            return rates_by_age(rate_rows(found[0], file=found[1], value="share", most=1.0), last, file=found[1])
        share = national_disabled() if self.asked.disabled is None else float(self.asked.disabled)
        return np.full(last.people.shape[1:], share)

    def _migration(self, known: Known, last: Census, plain: Question) -> FloatArray | None:
        """Net migrants by the areas of the count; those of a county or the city go to where people of their age are."""
        found = self._table("migration")
        if found is None:
            return None
        rows = age_rows(found[0], file=found[1], known=known, year=last.year, signed=True)
        check_migration(rows, last, file=found[1])
        made = np.zeros_like(last.people)
        parents = {last.level: pd.Series(last.areas, index=last.areas), **plain.parents(last.level)}
        for row in rows.to_dict("records"):
            inside = (parents[row["level"]].reindex(last.areas) == row["area"]).to_numpy()
            sexes = [at for at, s in enumerate(last.sexes) if BOTH in (s, row["sex"]) or s == row["sex"]]
            place = min(max(0, (int(row["first"]) - last.first_age) // 5), last.people.shape[2] - 1)
            if int(row["first"]) >= last.first_age:
                made[np.ix_(inside, sexes, [place])] += _shared(
                    last.people[np.ix_(inside, sexes, [place])], row["people"]
                )
        return made

    def _below(self, known: Known, last: Census | None, plain: Question) -> tuple[Counted, ...]:
        """Older people of areas finer than those whose ages are known: counted, else where people live today."""
        found = self._table("towns")
        if found is not None:
            return (_counted(growth_rows(found[0], file=found[1], known=known), found[1], method=plain.method),)
        column = next((c for c in self.file.communities.people if self.asked.group_of(c) == "older"), None)
        if last is None or last.level == "town" or column is None or not len(plain.county_of):
            return ()
        communities = self.tables.communities
        sums = communities[column].groupby(texts(communities["town"])).sum().reindex(plain.county_of.index).fillna(0)
        return (Counted("town", sums.astype(float).to_frame(last.year), None, "communities"),)

    # --- where from ---

    def _frames(self) -> list[pd.DataFrame]:
        return [self.tables.tables[name] for name in dict.fromkeys(self.asked.tables.values())]

    def _sources(self) -> tuple[str, ...]:
        said = [self.asked.source, *(s for f in self._frames() if "source" in f for s in texts(f["source"]).unique())]
        return tuple(dict.fromkeys(filter(None, said)))

    def _quality(self) -> str:
        said: set[str] = {str(q) for f in self._frames() if "quality" in f for q in texts(f["quality"]).unique()}
        return max(said or {UNSTATED}, key=lambda q: QUALITIES.index(q) if q in QUALITIES else 1)


def _knobs(asked: VariantFile) -> Knobs:
    return Knobs(**asked.model_dump())


def _shared(cells: FloatArray, people: float) -> FloatArray:
    whole = float(cells.sum())
    return cells * (people / whole) if whole > 0 else np.full(cells.shape, people / max(cells.size, 1))


def _counted(rows: pd.DataFrame, file: str, *, method: str) -> Counted:
    """People of 60+ (else of the youngest age that there is) by area and year, and who of them is 80 and over."""
    finest = finest_level(rows)
    mine: pd.DataFrame = rows[rows["level"] == finest]
    age = int(mine["age"].min())
    if age != OLDER and method == "share_of_growth":
        raise DataError("forecast.not_60", file=file, age=f"{age}+")
    older = _by_year(mine[mine["age"] == age]).iloc[:, -2:]
    if older.isna().to_numpy().any():
        first = older.index[older.isna().any(axis=1)][0]
        raise DataError("forecast.areas_missing", year=int(older.columns[-1]), areas=str(first))
    last = int(older.columns[-1])
    oldest = _by_year(mine[(mine["age"] == OLDEST) & (mine["year"] == last)])
    share = None
    if last in oldest and oldest[last].reindex(older.index).notna().all():
        share = (oldest[last].reindex(older.index) / older[last].where(older[last] > 0)).fillna(0.0).clip(0, 1)
    return Counted(finest, older, share, "two_counts" if older.shape[1] > 1 else "one_count")


def _by_year(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.pivot(index="area", columns="year", values="people").astype(float)
