"""What a study asks, in the program's own types."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import geopandas as gpd

from quarterhour.base import i18n, limits
from quarterhour.base.arguments import takes
from quarterhour.base.cards import Card, Carded
from quarterhour.base.errors import StudyError
from quarterhour.base.kinds import KindLook, KindLooks
from quarterhour.network.modes import as_mode, mode_label, read_modes
from quarterhour.network.network import Mode
from quarterhour.standards.rules import Circle, RuleSet, read_rule_set, rule_sets
from quarterhour.standards.sensitivity import Pair
from quarterhour.standards.targets import Target
from quarterhour.study.file import find_study, read_study_file
from quarterhour.study.file.circles import CircleFile
from quarterhour.study.file.mistakes import refuse
from quarterhour.study.file.sense import senseless
from quarterhour.study.file.siting import NearBestFile, SitingFile
from quarterhour.study.file.study import StudyFile
from quarterhour.study.scenario.changes import Changes, closed_ids, other_roads
from quarterhour.study.scenario.paces import paced_mode
from quarterhour.study.scenario.settings import joined_settings, with_settings
from quarterhour.study.scenario.shared import Shared

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Study(Carded):
    """A study file and what was given beside it.

    ``changes``: what a scenario changes of it; ``shared``: what it and its scenarios have in common, made once.

    Examples
    --------
    >>> import quarterhour as qh
    >>> study = qh.read_study(qh.demo_folder())
    >>> study, study.name("zh")
    (<Study weihai: 2 circles, 4 siting questions>, '威海市')
    >>> study.scenario(circle="home-care-circle", minutes=20)
    <Study weihai: 2 circles, 4 siting questions, 1 change>
    """

    path: Path
    file: StudyFile
    roads: Path | None = None
    changes: Changes = field(default_factory=Changes)
    shared: Shared = field(default_factory=Shared, repr=False)

    @property
    def folder(self) -> Path:
        """Paths of the study file are relative to this."""
        return self.path.parent

    @property
    def kinds(self) -> KindLooks:
        """How the study calls and shows kinds of facilities; `kind_label` reads it."""
        looks = {name: kind.model_dump(exclude={"osm"}) for name, kind in self.file.kinds.items()}
        return {name: KindLook(**look) for name, look in looks.items()}

    def name(self, lang: str) -> str:
        """The study's name in a language."""
        return self.file.study.zh if lang == "zh" else self.file.study.en

    def mode_name(self, mode: str, lang: str) -> str:
        """A mode by name, the study's own first; one that nobody knows goes by its id."""
        own = self.file.modes.get(mode)
        return mode_label(mode, lang, None if own is None else {"zh": own.zh, "en": own.en})

    def scenario(
        self,
        *,
        circle: str | None = None,
        minutes: float | None = None,
        mode: str | None = None,
        turnout: float | None = None,
        speed: float | None = None,
        add: gpd.GeoDataFrame | None = None,
        close: Iterable[str] | str | None = (),
        roads: gpd.GeoDataFrame | str | Path | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Study:
        """The study with changes; it shares all that they leave alone, and nothing is written.

        Parameters
        ----------
        circle : id of the circle that ``minutes``, ``mode``, ``turnout`` and ``speed`` are for; None: for all.
        minutes, turnout : another standard, another time before setting out, in minutes.
        mode : who travels instead, by its name. speed : times as fast as the mode (0.8: a fifth slower).
        add : facilities with ``kind`` and a point, in any CRS; rows without ``id`` are new-1, new-2 ...
        close : ids of facilities that are not there, those that an earlier change adds included.
        roads : a table of roads, or a file of them, instead of the study's.
        settings : further keys of the study file by their paths, as ``{"siting.day-care-sites.new_sites": 30}``.

        Raises
        ------
        StudyError : a circle, mode or key that the study does not know, a value that it may not have or is said twice.
        DataError : what is no table of places or roads and no ids; when it is run: an id to close that is no facility,
            one to add that is, a row to add without a place, without a road near it, or of a kind that nobody knows.

        Examples
        --------
        >>> import quarterhour as qh
        >>> study = qh.read_study(qh.demo_folder())
        >>> study.scenario(circle="home-care-circle", minutes=20)
        <Study weihai: 2 circles, 4 siting questions, 1 change>
        """
        asked: dict[str, Any] = {}
        for file in self._circles(circle):
            own = {"minutes": minutes, "mode": mode, "turnout_minutes": turnout}
            if speed is not None:
                name, table = paced_mode(study_mode(self, mode or file.mode, file.id), speed)
                asked[f"modes.{name}"], own["mode"] = table, name
            asked |= {f"circles.{file.id}.{key}": value for key, value in own.items() if value is not None}
        made, told = with_settings(self.file, joined_settings(asked, settings))
        given = other_roads(roads)
        changes = replace(
            self.changes.without(closed_ids(close)).adding(add),
            settings=(*self.changes.settings, *told),
            roads=self.changes.roads if given is None else given,
        )
        return checked(
            replace(self, file=made, changes=changes, roads=given if isinstance(given, Path) else self.roads)
        )

    def _circles(self, circle: str | None) -> list[CircleFile]:
        found = [file for file in self.file.circles if circle in (None, file.id)]
        if circle is not None and not found:
            known = ", ".join(file.id for file in self.file.circles) or "-"
            raise StudyError("scenario.no_circle", circle=circle, known=known)
        return found

    def card(self, lang: str = "zh") -> Card:
        """The study at a glance: what it asks, and what a scenario changes."""
        file = self.file
        circles = [(c.zh if lang == "zh" else c.en, c.minutes) for c in file.circles]
        asked = [i18n.say("cards.asked_circle", lang, name=name, minutes=minutes) for name, minutes in circles]
        asked += [i18n.say("cards.asked_question", lang, name=q.name(lang)) for q in file.siting]
        return Card(
            i18n.say("cards.study", lang), self.name(lang),
            lines=(
                i18n.say("cards.dated", lang, day=file.study.reference_date.isoformat()),
                i18n.say("cards.asks", lang, circles=len(file.circles), questions=len(file.siting)),
                *asked, *self.changes.sentences(lang),
            ),
        )  # fmt: skip

    def __repr__(self) -> str:
        changes = len(self.changes.sentences("en"))
        changed = f", {changes} change{'s' if changes > 1 else ''}" if changes else ""
        circles, questions = len(self.file.circles), len(self.file.siting)
        return f"<Study {self.file.study.id}: {circles} circles, {questions} siting questions{changed}>"


@takes(path=(str, Path))
def read_study(path: str | Path, *, roads: str | Path | None = None) -> Study:
    """A study from its TOML file or folder, checked.

    Parameters
    ----------
    path : of the file, or of the folder that holds ``study.toml``.
    roads : replaces the roads that it names.

    Returns
    -------
    A ``Study``; its tables are read when it runs.

    Raises
    ------
    StudyError : the file is wrong, or names a mode or a rule set that nobody knows.

    Examples
    --------
    >>> import quarterhour as qh
    >>> qh.read_study(qh.demo_folder())
    <Study weihai: 2 circles, 4 siting questions>
    """
    given = None if roads is None else Path(roads)
    return checked(Study(find_study(path), read_study_file(path, roads=given), given))


def checked(study: Study) -> Study:
    """The study, whose modes, rule sets and parts make sense together; StudyError for what does not."""
    for mode, where in modes_named(study):
        study_mode(study, mode, where)
    for circle in study.file.circles:
        study_range(study, circle)
    mistakes = senseless(
        study.file, mode_of=partial(study_mode, study), named=modes_named(study), rules=study_rules(study)
    )
    refuse(study.path, mistakes)
    return study


def within_limits(work: Callable[Concatenate[Study, P], T]) -> Callable[Concatenate[Study | str | Path, P], T]:
    """Work on a study, or on the study of a path, done within the limits that its file raises."""

    @functools.wraps(work)
    def done(study: Study | str | Path, /, *args: P.args, **kwargs: P.kwargs) -> T:
        asked = read_study(study) if isinstance(study, str | Path) else study
        if not isinstance(asked, Study):
            raise StudyError("study.not_a_study", came=type(asked).__name__)
        with limits.raised(asked.file.limits):
            return work(asked, *args, **kwargs)

    return done


def without_page(study: Study) -> Study:
    """The study without what only the map page shows: choices to be tried, and tables beside."""
    outputs = study.file.outputs.model_copy(update={"what_if": False, "extra": []})
    return replace(study, file=study.file.model_copy(update={"outputs": outputs}))


def asking_near_best(study: Study, plans: int) -> Study:
    """The study with every siting question asking for so many further plans at most, as near as the file has it."""
    asked = [
        question.model_copy(
            update={"near_best": (question.near_best or NearBestFile()).model_copy(update={"plans": plans})}
        )
        for question in study.file.siting
    ]
    return replace(study, file=study.file.model_copy(update={"siting": tuple(asked)}))


def default_out(study: Study) -> Path:
    """Where results go when nobody says: as the file says, else data/processed beside data/raw."""
    if study.file.outputs.folder:
        return (study.folder / study.file.outputs.folder).resolve()
    folder = study.folder.resolve()
    if folder.parent.name == "raw":
        return folder.parent.parent / "processed" / folder.name
    return folder / "results"


def modes_named(study: Study) -> list[tuple[str, str]]:
    """Every mode that a study names, and the circle, question or rule that does."""
    file = study.file
    circles = [(name, c.id) for c in file.circles for name in (c.mode, *c.compare_modes)]
    circles += [(name, c.id) for c in file.circles if c.uncertain for name in c.uncertain.modes or ()]
    every = [t for targets in study_targets(study).values() for t in targets]
    asked = [(mode, q.id) for q in file.siting for mode in dict.fromkeys([q.mode, *(s.mode for s in q.standards)])]
    scored = [(mode, target.id) for target in every for mode in target.modes]
    care = [(a.mode, a.id) for a in file.access] + ([(file.rounds.mode, "rounds")] if file.rounds else [])
    return circles + asked + scored + care


def study_mode(study: Study, name: str, where: str) -> Mode:
    """A mode of the study or of the program, by name."""
    own = study.file.modes.get(name)
    if own is not None:
        return as_mode(name, {k: v for k, v in own.model_dump().items() if v not in (None, {}, ())})
    if name not in read_modes():
        known = ", ".join([*study.file.modes, *read_modes()])
        raise StudyError("study.no_mode", mode=name, where=where, known=known)
    return read_modes()[name]


def study_question(study: Study, question: str) -> SitingFile:
    """A siting question of the study file by its id, which must be there."""
    return next(q for q in study.file.siting if q.id == question)


def study_circle(file: CircleFile, mode: Mode) -> Circle:
    """A circle of the study file; turnout is the mode's where the file is silent."""
    turnout = mode.turnout_minutes if file.turnout_minutes is None else file.turnout_minutes
    known = file.model_dump(exclude={"compare_modes", "turnout_minutes", "uncertain", "year", "variant"})
    return Circle(**known, turnout_minutes=turnout)


def study_range(study: Study, file: CircleFile) -> tuple[Pair, Pair] | None:
    """The factors of speed and the minutes of turnout between which a circle's pace lies, if it is told."""
    if file.uncertain is None:
        return None
    own = study_circle(file, study_mode(study, file.mode, file.id)).turnout_minutes
    low, high = file.uncertain.turnout_minutes or (own, own)
    if not low <= own <= high:
        raise StudyError("study.own_turnout_outside", circle=file.id, low=low, high=high, own=own)
    return file.uncertain.speed, (low, high)


def study_rules(study: Study) -> tuple[RuleSet, ...]:
    """The rule sets of a study: its own files beside it, or those that come with the program."""
    own = {name: study.folder / name for name in study.file.targets.rules if name not in rule_sets()}
    return tuple(read_rule_set(own.get(name, name)) for name in study.file.targets.rules)


def study_rules_in_force(study: Study) -> dict[str, RuleSet]:
    """The rule sets on the reference date, by the names that the study gives them."""
    day = study.file.study.reference_date
    return {name: found.on(day) for name, found in zip(study.file.targets.rules, study_rules(study), strict=True)}


def study_targets(study: Study) -> dict[date, tuple[Target, ...]]:
    """The targets in force on each date of the study, the reference date first."""
    days = dict.fromkeys([study.file.study.reference_date, *study.file.targets.dates])
    sets = study_rules(study)
    return {day: tuple(t for rules in sets for t in rules.on(day).targets) for day in days}


def asks_for_classes(study: Study) -> bool:
    """Whether a rule in force or a quota of the study speaks of towns or of sub-districts alone."""
    rules = any(
        (t.applies_to and t.level == "town") or (t.measure == "served_share" and t.table == "towns" and t.classes)
        for targets in study_targets(study).values() for t in targets
    )  # fmt: skip
    return rules or any(quota.applies_to for asked in study.file.siting for quota in asked.quotas)
