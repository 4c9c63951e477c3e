"""Which sizes a plan chooses for its sites, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from quarterhour.base.labels import unit_label
from quarterhour.report.section import say_of
from quarterhour.study.results import Proposal, Results
from quarterhour.study.siting.sizes import SIZE_OF
from quarterhour.study.study import study_question

_say = partial(say_of, "size_lines")


def size_lines(results: Results, p: Proposal, lang: str) -> Iterator[str]:
    """How many sites of each size a plan builds; nothing where its sites have no sizes to choose from."""
    if SIZE_OF not in p.sites or not p.plan.levels:
        return
    capacity = study_question(results.study, p.id).capacity
    assert capacity is not None
    between, unit = "、" if lang == "zh" else ", ", unit_label(capacity.unit, lang)
    new = [site for site in p.new_sites if p.sites.at[site, "state"] != "upgradeable"]
    held = p.sites.loc[new, "capacity"].astype("int64").value_counts().sort_index()
    offered = between.join(f"{size.capacity:,}" for size in sorted(capacity.sizes, key=lambda size: size.capacity))
    chosen = between.join(_say("each", lang, size=int(str(size)), count=int(count)) for size, count in held.items())
    yield _say("told", lang, name=p.name(lang), offered=offered, unit=unit, chosen=chosen or _say("none", lang))
