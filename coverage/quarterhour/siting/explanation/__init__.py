"""Why a plan is as it is, or why none exists."""
