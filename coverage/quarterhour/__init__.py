"""Quarterhour: who is reached in a quarter of an hour, and where to build so that more are.

The front door: forty names, each opened when it is first asked for, so ``import quarterhour`` is quick::

    import quarterhour as qh

    results = qh.run_study(qh.read_study("data/raw/weihai"))
    results["home-care-circle"].plot()

What siting is asked in, and what lies behind a plan, is under ``qh.siting``; the errors are under ``qh.errors``;
towns drawn for tests are under ``qh.testing``.
"""

from __future__ import annotations

from quarterhour.base.lazy import alias_module, lazy_names

__version__ = "0.1.0"

_ROOMS = {
    # a study from its file to its results
    "study.run": ("read_study_inputs",),
    "study.study": ("Study", "read_study"),
    "study.new_study": ("demo_folder",),
    "report.desk.results": ("Results", "run_study"),
    "report.desk.comparison": ("compare",),
    "report.write": ("write_results",),
    "maps.draw": ("draw_map",),
    # tables as planners have them
    "io.files": ("read_places", "read_roads_file"),
    "io.osm.places": ("read_osm_places",),
    "io.osm.roads": ("read_osm_roads",),
    "io.osm.from_graph": ("roads_from_graph",),
    "io.places": ("as_places",),
    "network.roads": ("as_roads",),
    # the road network and who travels on it
    "network.network": ("Mode", "Network"),
    "network.modes": ("read_modes",),
    "network.build": ("build_network",),
    "network.from_edges": ("network_from_edges",),
    "network.snap": ("at_junctions", "snap_places"),
    # travel times
    "travel.times": ("TravelTimes",),
    "travel.matrix": ("travel_time_blocks", "travel_times"),
    "travel.accessibility": ("nearest_sites", "people_within"),
    "travel.isochrone": ("isochrones",),
    # what must hold
    "standards.rules": ("Circle", "read_rules"),
    "standards.circle": ("check_circle",),
    "standards.scorecard": ("score_targets",),
    # where to build
    "siting": (),
    "siting.question.from_matrix": ("siting_from_matrix",),
    "siting.solve": ("solve_siting",),
    "siting.explain": ("explain_plan",),
    "siting.outlook.change": ("compare_plans",),
    "siting.proof.recount": ("verify_plan",),
    # the rest
    "base.errors": (),
    "network.testing": (),
}
_MOVED = {  # what 0.1.0 had here; ``docs/names.md`` lists it too
    **dict.fromkeys(("Budget", "Capacity", "Coverage", "Goal", "Phasing", "Quota", "RobustSites", "SitingPlan",
                     "SitingProblem", "Spacing", "Standard", "as_problem", "candidate_values",
                     "candidates_from_communities", "candidates_from_network", "exclude_near",
                     "frontier", "join_sites", "out_of_reach", "phase_plan", "plan_record",
                     "robust_sites", "site_values", "smallest_relaxations", "verify_record"),
                    "under qh.siting"),
    **dict.fromkeys(("CutoffError", "DataError", "MissingError", "PlanError", "QuarterhourError", "ServiceError",
                     "SolverError", "StudyError", "WriteError"), "under qh.errors"),
    "read_table": "quarterhour.io.files.read_table",
    "load_network": "quarterhour.io.network_store.load_network",
    "network_key": "quarterhour.io.network_store.network_key",
    "save_network": "quarterhour.io.network_store.save_network",
    "read_osm_turns": "quarterhour.io.osm.turns.read_osm_turns",
    "to_wgs84": "quarterhour.io.web_maps.to_wgs84",
    "network_from_arrays": "quarterhour.network.build.network_from_arrays",
    "as_mode": "quarterhour.network.modes.as_mode",
    "doubtful_snaps": "quarterhour.network.snap.doubtful_snaps",
    "meeting_map": "quarterhour.report.write.meeting_map (or results.explore())",
    "summary": "quarterhour.report.console.summary_lines",
    "CircleCheck": "quarterhour.standards.circle.CircleCheck",
    "Target": "quarterhour.standards.rules.Target",
    "Scorecard": "quarterhour.standards.scorecard.Scorecard",
    "CoverageRange": "quarterhour.standards.sensitivity.CoverageRange",
    "coverage_range": "quarterhour.standards.sensitivity.coverage_range",
    "check_slower": "quarterhour.standards.sensitivity.check_slower",
    "init_study": "quarterhour.study.new_study.init_study",
    "nearest_by_kind": "quarterhour.travel.accessibility.nearest_by_kind",
    "sums_by_kind": "quarterhour.travel.accessibility.sums_by_kind",
}  # fmt: skip
__getattr__, __dir__, _names = lazy_names(__name__, _ROOMS, elsewhere=_MOVED)
alias_module("quarterhour.testing", "quarterhour.network.testing")
__all__ = [name for name in _names if name != "testing"]  # towns for tests come by their own name alone
