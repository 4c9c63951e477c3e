"""What a study file may say of a siting question that is answered region by region."""

from __future__ import annotations

from typing import Any

from quarterhour.study.file.fields import wrong

_DIVISIBLE = ("max-cover", "min-sites")


def check_by_region(file: Any) -> None:
    """That a question (``SitingFile``) by region asks nothing that cannot be divided.

    Its work is counted, so no clock ends it.
    """
    if not file.by_region:
        return
    by_money = file.budget is not None and file.budget.yuan is not None
    asked = {
        "objective": len(file.objective) > 1 or file.objective[0].objective not in _DIVISIBLE,
        "seconds": file.seconds is not None,
        "rounds": file.rounds is not None,
        "capacity": file.capacity is not None,
        "new_sites": by_money and file.new_sites is not None,
        "budget": by_money and file.objective[0].objective == "min-sites",
        "backup": file.backup is not None,
        "steps": any(standard.steps for standard in file.standards),
        "at_least": file.at_least > 0,
        "everyone": file.everyone is not None,
        "farthest": file.farthest is not None,
        "least_load": file.least_load is not None,
        "min_distance_m": file.min_distance_m is not None,
        "conflicts": bool(file.conflicts),
        "conflict_table": file.conflict_table is not None,
    }
    given = next((name for name, said in asked.items() if said), "")
    if given:
        raise wrong("by_region_plain", at="by_region", given=given)
