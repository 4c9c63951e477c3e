"""Quarterhour: who is reached in a quarter of an hour, and where to build so that more are.

The front door. A name is opened when it is first asked for (PEP 562), so ``import quarterhour``
is quick::

    import quarterhour as qh

    results = qh.run_study(qh.read_study("data/raw/weihai"))
    print(results.checks[0])
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_ROOMS = {
    "base.errors": (
        "CutoffError",
        "DataError",
        "MissingError",
        "PlanError",
        "QuarterhourError",
        "ServiceError",
        "SolverError",
        "StudyError",
        "WriteError",
    ),
    "network.modes": (
        "Mode",
        "as_mode",
        "read_modes",
    ),
    "io.places": ("as_places",),
    "standards.rules": (
        "Circle",
        "Target",
        "read_rules",
    ),
    "io.web_maps": ("to_wgs84",),
    "io.files": (
        "read_places",
        "read_roads_file",
        "read_table",
    ),
    "io.osm.places": ("read_osm_places",),
    "io.osm.roads": ("read_osm_roads",),
    "io.osm.turns": ("read_osm_turns",),
    "io.osm.from_graph": ("roads_from_graph",),
    "network.roads": ("as_roads",),
    "network.build": (
        "Network",
        "build_network",
        "network_from_arrays",
    ),
    "network.from_edges": ("network_from_edges",),
    "io.network_store": (
        "load_network",
        "network_key",
        "save_network",
    ),
    "network.snap": (
        "at_junctions",
        "doubtful_snaps",
        "snap_places",
    ),
    "travel.matrix": (
        "TravelTimes",
        "travel_time_blocks",
        "travel_times",
    ),
    "travel.accessibility": (
        "nearest_by_kind",
        "nearest_sites",
        "people_within",
        "sums_by_kind",
    ),
    "travel.isochrone": ("isochrones",),
    "standards.circle": (
        "CircleCheck",
        "check_circle",
    ),
    "standards.sensitivity": (
        "CoverageRange",
        "check_slower",
        "coverage_range",
    ),
    "standards.scorecard": (
        "Scorecard",
        "score_targets",
    ),
    "siting.candidates.generate": (
        "candidates_from_communities",
        "candidates_from_network",
        "exclude_near",
    ),
    "siting.question.problem": (
        "Budget",
        "Capacity",
        "Coverage",
        "Goal",
        "Quota",
        "SitingProblem",
        "Spacing",
        "Standard",
    ),
    "siting.question.build": ("as_problem",),
    "siting.question.sites": ("join_sites",),
    "siting.question.from_matrix": ("siting_from_matrix",),
    "siting.question.plan": ("SitingPlan",),
    "siting.proof.recount": ("verify_plan",),
    "siting.proof.record": (
        "plan_record",
        "verify_record",
    ),
    "siting.solve": ("solve_siting",),
    "siting.explain": (
        "explain_plan",
        "out_of_reach",
    ),
    "siting.outlook.relaxations": ("smallest_relaxations",),
    "siting.outlook.frontier": ("frontier",),
    "siting.outlook.phasing": (
        "Phasing",
        "candidate_values",
        "phase_plan",
        "site_values",
    ),
    "siting.outlook.robust": (
        "RobustSites",
        "robust_sites",
    ),
    "maps": ("draw_map",),
    "study.results": ("Results",),
    "study.study": ("Study",),
    "study.run": (
        "read_study",
        "read_study_inputs",
        "run_study",
    ),
    "study.new_study": (
        "demo_folder",
        "init_study",
    ),
    "report.write": (
        "meeting_map",
        "summary",
        "write_results",
    ),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'quarterhour' has no attribute {name!r}")
    return getattr(importlib.import_module(f"quarterhour.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
