"""What all methods share: HiGHS, search budget, incumbent, presolve, rules on sites as rows."""
