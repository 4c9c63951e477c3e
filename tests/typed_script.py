"""What a user writes, as type checkers read it: ``test_typed.py`` holds the types that they must find."""

import pandas as pd

import quarterhour as qh

results = qh.run_study(qh.read_study("study"), circles_only=True)
reveal_type(results)  # noqa: F821
reveal_type(results.checks[0].communities)  # noqa: F821
network = qh.network_from_edges(pd.DataFrame({"u": ["a"], "v": ["b"], "minutes": [5]}))
homes = qh.at_junctions(network, pd.Series({"home": "a"}))
reveal_type(qh.travel_times(network, homes, homes, minutes=15, heading="to_site"))  # noqa: F821
problem = qh.siting_from_matrix([[4, 20], [12, 9]], [50, 30], within=10, new_sites=1)
plan = qh.solve_siting(problem)
reveal_type(plan.chosen)  # noqa: F821
reveal_type(qh.siting.Budget(120).yuan)  # noqa: F821
