"""The siting question: sites, demand, goals, rules, and what a choice of sites comes to."""
