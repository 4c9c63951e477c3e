"""What lies behind a plan: frontier, phases, robust sites, relaxations."""
