"""What only a run can find: kinds without a facility, communities that no road is near, questions without a plan."""

from __future__ import annotations

import pandas as pd

from quarterhour.base.errors import first_ids
from quarterhour.base.findings import Severity, finding, in_both
from quarterhour.base.i18n import LANGUAGES
from quarterhour.base.jit import COMPILED
from quarterhour.base.kinds import kinds_said
from quarterhour.study.results import Results


def run_findings(results: Results) -> list[pd.DataFrame]:
    """What only a run can find: kinds without a facility, communities that no road is near, questions without a plan.

    Circles and questions go by their names.
    """
    told = [] if COMPILED else [finding("jit.uncompiled", severity="note", table="")]
    for check in results.checks:
        circle = in_both(*map(check.circle.name, LANGUAGES))
        if check.absent:
            key = "study.no_facility" if check.impossible else "study.no_such_kind"
            kinds = in_both(*(kinds_said(check.absent, lang, results.study.kinds) for lang in LANGUAGES))
            told.append(
                finding(
                    key,
                    severity="warning",
                    table="facilities",
                    id=circle,
                    value=kinds,
                )
            )
        lost = check.communities.index[check.communities["reason"] == "not_snapped"]
        if len(lost):
            severity: Severity = "error" if 2 * len(lost) > len(check.communities) else "warning"
            told.append(
                finding(
                    "study.not_snapped", severity=severity, table="communities", id=circle,
                    value=str(len(lost)), detail=first_ids(lost),
                )
            )  # fmt: skip
    if results.care.rounds is not None and results.care.rounds.by_clock:
        told.append(finding("study.rounds_by_clock", severity="warning", table=""))
    for proposal in results.proposals:
        if proposal.plan.status in ("infeasible", "no_plan"):
            question = in_both(*map(proposal.name, LANGUAGES))
            told.append(finding("study.no_plan", severity="error", table="candidates", id=question))
    return told
