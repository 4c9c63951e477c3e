"""Who may use how much of the roads, as a short table of lines: for each mode that a study asks."""

from __future__ import annotations

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.labels import percent
from quarterhour.network.roads.account import road_account
from quarterhour.study.inputs import Inputs
from quarterhour.study.reading.roads import asked_modes
from quarterhour.study.study import Study

_PARTS = ("mode_ends", "mode_oneway", "mode_allowed", "mode_pushed")


def road_lines(study: Study, tables: Inputs, lang: str) -> list[str]:
    """A line for each mode: kilometres that it may use, their share, and how many are for ends only, and so on."""
    modes = {mode.id: mode for mode in asked_modes(study)}
    account = road_account(tables.roads, modes.values()).set_index("value")
    return [_line(account.loc[[mode.id]].set_index("column"), mode.name(lang), lang) for mode in modes.values()]


def _line(uses: pd.DataFrame, name: str, lang: str) -> str:
    km = {str(use): f"{length:,.1f}" for use, length in uses["km"].items()}
    said = [i18n.say(f"inspection.{part}", lang, km=km[part]) for part in _PARTS if part in km]
    between = i18n.say("inspection.between_parts", lang)
    parts = i18n.say("inspection.of_which", lang, parts=between.join(said)) if said else ""
    share = percent(float(uses["share"]["mode"]))
    return i18n.say("inspection.mode", lang, name=name, km=km["mode"], share=share, parts=parts)
