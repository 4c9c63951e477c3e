"""Shares of people inside a circle, by area."""

from __future__ import annotations

import pandas as pd

from quarterhour.standards.circle import CircleCheck, by_level, worse_quality
from quarterhour.standards.indicators.made import kinds_or_no_data, made_values, noted, quality_shares
from quarterhour.standards.score_inputs import NoDataError, ScoreInputs
from quarterhour.standards.targets import Target


def rests_on(check: CircleCheck) -> pd.Series:
    """Each community's answer is as well known as the worse of its people and its nearest site."""
    return worse_quality(check.communities["quality"], check.communities["site_quality"])


def circle_share(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """The share of people inside a circle of the study, by area."""
    return _share_inside(target.of, target, ground, areas)


def reach_share(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """The share of people inside the target's own circle, by area."""
    kinds_or_no_data(ground, target.kinds)
    if target.people not in ground.communities:
        raise NoDataError(f"communities: {target.people}")
    return _share_inside(target.id, target, ground, areas)


def _share_inside(circle: str, target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    check = ground.checks.get(circle)
    if check is None:
        raise NoDataError(f"circles: {circle}")
    if check.impossible:
        # Nobody supplied the kind: that is not known, and no share of nought.
        raise NoDataError(f"facilities: kind = {' | '.join(check.absent)}")
    made = _circle_by_community(check, areas) if target.level == "community" else _by_area(check, target, ground, areas)
    return _told_of_others(made, target, check)


def _by_area(check: CircleCheck, target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    shares = by_level(check.shares, target.level)
    where = ground.area_of(ground.communities, target.level)
    quality = quality_shares(rests_on(check), where, check.communities["people"])
    return made_values(areas, shares["share_people"], quality, shares["people"])


def _told_of_others(made: pd.DataFrame, target: Target, check: CircleCheck) -> pd.DataFrame:
    """The promise is to some people, and the study's circle counts others."""
    other = bool(target.people) and target.people != check.circle.people
    rows = made["note"].eq("") & other
    return noted(made, rows, "scorecard.other_people", f"communities: {target.people}, {check.circle.people}")


def _circle_by_community(check: CircleCheck, areas: pd.Index) -> pd.DataFrame:
    judged = check.communities
    unknown = judged["reason"].eq("not_snapped")
    value = judged["met"].astype("float64").where(judged["people"].gt(0) & ~unknown)
    quality = quality_shares(rests_on(check), pd.Series(judged.index, index=judged.index))
    made = made_values(areas, value, quality, judged["people"])
    return noted(made, unknown.reindex(areas).eq(True), "scorecard.not_snapped")
