"""Quarterhour: who is reached in a quarter of an hour, and where to build so that more are.

The front door: forty names, each opened when it is first asked for, so ``import quarterhour`` is quick::

    import quarterhour as qh

    results = qh.run_study(qh.read_study("data/raw/weihai"))
    print(results.checks[0])

What siting is asked in, and what lies behind a plan, is under ``qh.siting``; the errors are under ``qh.errors``;
towns drawn for tests are under ``qh.testing``.
"""

from __future__ import annotations

from quarterhour.base.lazy import lazy_names

__version__ = "0.1.0"

_ROOMS = {
    # a study from its file to its results
    "study.run": ("read_study_inputs", "run_study"),
    "study.study": ("Study", "read_study"),
    "study.results": ("Results",),
    "study.new_study": ("demo_folder",),
    "report.write": ("meeting_map", "write_results"),
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
    "standards.sensitivity": ("coverage_range",),
    "standards.scorecard": ("score_targets",),
    # where to build
    "siting": (),
    "siting.question.from_matrix": ("siting_from_matrix",),
    "siting.solve": ("solve_siting",),
    "siting.explain": ("explain_plan",),
    "siting.proof.recount": ("verify_plan",),
    # the rest
    "base.errors": (),
    "network.testing": (),
}
_MOVED = {
    **dict.fromkeys(("Budget", "Capacity", "Coverage", "Goal", "Quota", "SitingPlan", "SitingProblem", "Spacing",
                     "Standard", "as_problem", "candidates_from_communities", "candidates_from_network",
                     "candidate_values", "exclude_near", "frontier", "join_sites", "out_of_reach", "phase_plan",
                     "plan_record", "robust_sites", "site_values", "smallest_relaxations", "verify_record"),
                    "under qh.siting"),
    **dict.fromkeys(("CutoffError", "DataError", "MissingError", "PlanError", "QuarterhourError", "ServiceError",
                     "SolverError", "StudyError", "WriteError"), "under qh.errors"),
}  # fmt: skip
__getattr__, __dir__, _names = lazy_names(__name__, _ROOMS, elsewhere=_MOVED)
__all__ = [name for name in _names if name != "testing"]  # towns for tests come by their own name alone
