"""What one run holds: the networks built so far, whom it tells, how long each step took."""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.errors import DataError, MissingError, WriteError
from quarterhour.base.machine.stop import heed
from quarterhour.base.parallel import Call, side_by_side, thread_count
from quarterhour.io import network_store
from quarterhour.io.answer_store.rows import FOLDER, RowsFolder
from quarterhour.network import build
from quarterhour.network.network import Mode, Network
from quarterhour.network.turns import lost_turns
from quarterhour.services.forecast.values import Forecast
from quarterhour.siting.regions.each import Each, here
from quarterhour.siting.regions.spread import each_on
from quarterhour.study.progress import RunProgress, Turns
from quarterhour.study.reading.kept_roads import FOLDER as READ_FOLDER
from quarterhour.study.reading.kept_roads import KeptRoads
from quarterhour.study.study import Study
from quarterhour.travel.matrix import travel_times
from quarterhour.travel.tiles.kept import KeptRows
from quarterhour.travel.tiles.question import Compute, tiles_here
from quarterhour.travel.tiles.spread import OnWorkers
from quarterhour.travel.tiles.times import tiled_travel_times
from quarterhour.travel.times import Heading, TravelTimes

T = TypeVar("T")
_MOST_BESIDE = 4
"""Parts of a run at once: each may take as much memory as one alone."""
_log = logging.getLogger(__name__)


class Run:
    """One run: the networks built so far, and how long each step took."""

    def __init__(
        self, study: Study, lang: str, tell: RunProgress, prepared: Path | None, fresh: bool, keep: Path | None,
        kept: Callable[[Path], None] | None,
    ) -> None:  # fmt: skip
        self.study, self.lang, self.tell, self.prepared, self.fresh = study, lang, tell, prepared, fresh
        self.keep, self.kept = keep, kept or (lambda _: None)
        self.threads = thread_count(study.file.study.threads)
        self.seconds: dict[str, float] = {}
        self.networks: dict[str, Network] = {}
        self.step, self.roads_key = "", ""
        self.turns: pd.DataFrame | None = None
        self.doubts: list[pd.DataFrame] = []
        self.parcels: gpd.GeoDataFrame | None = None
        self.forecast: Forecast | None = None
        self.compute: Compute | None = None
        self.rows: KeptRows | None = None
        self.circle_times: dict[tuple[str, str], TravelTimes] = {}

    def side_by_side(self, parts: Sequence[Callable[[Run], T]]) -> list[T]:
        """What parts of the run that ask nothing of each other come to, in their order.

        Each has a run of its own, which tells and counts apart. Where there are threads for it they are worked out side
        by side; the same, and told the same, in any case. Networks that they ask for are built before.
        """
        at_once = max(1, min(self.threads, len(parts), _MOST_BESIDE)) if self.compute is None else 1
        turns = Turns(self.tell, len(parts))

        def one(place: int, part: Callable[[Run], T], call: Call) -> tuple[Run, T]:
            def tell(text: str, share: float | None = None, /) -> None:
                heed()
                call(turns.tell, place, text, share)

            own = copy(self)
            own.tell, own.threads, own.step, own.seconds, own.doubts = tell, self.threads // at_once, "", {}, []
            found = part(own)
            call(turns.end, place)
            return own, found

        made = side_by_side([partial(one, place, part) for place, part in enumerate(parts)], threads=at_once)
        for own, _ in made:
            self._join(own)
        return [found for _, found in made]

    def _join(self, one: Run) -> None:
        self.doubts += one.doubts
        for step, seconds in one.seconds.items():
            self.seconds[step] = round(self.seconds.get(step, 0) + seconds, 3)

    @property
    def each(self) -> Each:
        """Who answers for the regions of a siting question: the workers that work out tiles, or this process."""
        return each_on(self.compute.takes, self.compute.folder) if isinstance(self.compute, OnWorkers) else here

    def say(self, key: str, **values: object) -> None:
        """Tell the next step."""
        self.step = i18n.say(key, self.lang, **values)
        self.tell(self.step)

    def share(self, done: float) -> None:
        """Tell how much of the step is done."""
        self.tell(self.step, done)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Count the seconds of a step."""
        begun = time.perf_counter()
        yield
        self.seconds[step] = round(self.seconds.get(step, 0) + time.perf_counter() - begun, 3)

    def travel_times(
        self, net: Network, communities: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, *, minutes: float,
        heading: Heading, turnout_minutes: float = 0.0, progress: Callable[[float], None] | None = None,
    ) -> TravelTimes:  # fmt: skip
        """Times as the study sets them: how far off a road, over how many threads; or by whoever works out tiles.

        Where rows of tiles are kept (``rows``), they are taken from there.
        """
        file = self.study.file.study
        asked: dict[str, Any] = {"heading": heading, "turnout_minutes": turnout_minutes, "limit_m": file.snap_limit_m}
        asked |= {"minutes": minutes, "progress": progress}
        if self.compute is None and self.rows is None:
            return travel_times(net, communities, sites, threads=self.threads, **asked)
        compute = self.compute or tiles_here(kept=self.rows, threads=self.threads)
        return tiled_travel_times(net, communities, sites, compute=compute, **asked)

    def kept_roads(self) -> KeptRoads | None:
        """Where roads that were read are kept beside the networks."""
        if self.prepared is None:
            return None
        return KeptRoads(self.prepared / READ_FOLDER, self.fresh, self.lang, self.tell)

    @contextmanager
    def keeping_rows(self, *, whole: bool) -> Iterator[None]:
        """Keep rows of travel times beside the networks, and take what an earlier run kept; at the end of a run that
        asked for the ``whole`` study, take away what nobody had a use for.

        The program's sum is taken now: what is kept hours later is of the program that runs, whoever has put another in
        its place meanwhile.
        """
        with contextlib.ExitStack() as held:
            if self.prepared is not None:
                network_store.program_sum()
                folder = RowsFolder(self.prepared / FOLDER, self.fresh)
                with contextlib.suppress(WriteError):  # that nothing can be kept there, the networks tell
                    held.enter_context(folder.in_use(whole=whole))
                    self.rows = folder
            yield

    def ground_told(self, roads: gpd.GeoDataFrame) -> dict[str, str | None]:
        """What tells the roads and turns of this run from any others."""
        self.roads_key = self.roads_key or network_store.table_key(roads)
        return {"roads": self.roads_key, "turns": None if self.turns is None else network_store.table_key(self.turns)}

    def network(self, roads: gpd.GeoDataFrame, mode: Mode) -> Network:
        """The network of a mode, built once."""
        if mode.id not in self.networks:
            self.say("study.step_network", mode=mode.name(self.lang))
            with self.timed(f"network {mode.id}"):
                question = id(roads), repr(mode_fields(mode))
                kept = self.study.shared.made_once(
                    "networks", question, lambda: (roads, _kept_network(self, roads, mode))
                )
                found = self.networks[mode.id] = kept[1]
            if found.turns is not None:
                self.doubts.append(lost_turns(found.turns, mode))
        return self.networks[mode.id]


def mode_fields(mode: Mode) -> list[tuple[str, object]]:
    """All that a mode says, to tell it from another."""
    return [(f.name, dict(v) if isinstance(v := getattr(mode, f.name), Mapping) else v) for f in fields(mode)]


def _kept_network(run: Run, roads: gpd.GeoDataFrame, mode: Mode) -> Network:
    """The network of a mode as an earlier run left it, where roads, mode and program are the same; else built."""
    if run.prepared is None:
        return build.build_network(roads, mode, turns=run.turns)
    key = network_store.network_key(mode, settings=run.ground_told(roads))
    home = run.prepared / re.sub(r"\W", "_", mode.id)
    try:
        found = None if run.fresh else network_store.load_network(home, key=key)
    except MissingError:
        found = None
    except DataError:
        found = None
        _log.info(i18n.say("study.network_anew", run.lang, mode=mode.name(run.lang)))
    if found is not None:
        _log.info(i18n.say("study.network_kept", run.lang, mode=mode.name(run.lang)))
        return found
    built = build.build_network(roads, mode, turns=run.turns)
    try:
        network_store.save_network(built, home, key=key)
        return network_store.load_network(home, key=key)  # its arrays stay on the disk, the built ones go
    except (DataError, MissingError):  # somebody changed what was just written
        return built
    except WriteError as why:
        run.tell(i18n.say("study.network_not_kept", run.lang, why=why.sentence(run.lang)))
        run.prepared = None
    return built
