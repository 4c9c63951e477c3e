"""Where new sites should go: the question, proven plans, why none exists, and what lies behind a plan."""

from __future__ import annotations

from quarterhour.base.lazy import lazy_names

_ROOMS = {
    # the question
    "siting.question.problem": ("Coverage", "Goal", "SitingProblem", "Standard"),
    "siting.question.rules": ("Budget", "Capacity", "Quota", "Spacing"),
    "siting.question.build": ("as_problem",),
    "siting.question.from_matrix": ("siting_from_matrix",),
    "siting.question.sites": ("join_sites",),
    "siting.question.levels": ("with_levels",),
    "siting.question.plan": ("SitingPlan", "Ties"),
    "siting.candidates.generate": ("candidates_from_communities", "candidates_from_network", "exclude_near"),
    # its answer
    "siting.solve": ("solve_siting",),
    "siting.regions.answer": ("RegionalPlan", "solve_by_region"),
    "siting.certify": ("certify_plan",),
    "siting.proof.recount": ("verify_plan",),
    "siting.proof.plan_record": ("plan_record", "read_record", "verify_record"),
    "siting.explain": ("explain_plan", "out_of_reach"),
    # what lies behind it
    "siting.outlook.relaxations": ("smallest_relaxations",),
    "siting.outlook.frontier": ("frontier",),
    "siting.outlook.money.budget_frontier": ("budget_frontier",),
    "siting.outlook.near_best": ("near_best",),
    "siting.outlook.ties": ("find_ties",),
    "siting.outlook.answers": ("NearBest", "NearPlan", "Phasing", "RobustSites"),
    "siting.outlook.change": ("PlanChange", "compare_plans"),
    "siting.outlook.phasing": ("candidate_values", "phase_plan", "site_values"),
    "siting.outlook.relocation": ("Relocation", "relocate"),
    "siting.outlook.reserves": ("reserve_sites",),
    "siting.outlook.robust": ("robust_sites",),
}  # fmt: skip
__getattr__, __dir__, __all__ = lazy_names(__name__, _ROOMS)
