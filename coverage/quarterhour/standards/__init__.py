"""What must hold, and whether it does: circles, rules, indicators, scorecard."""
