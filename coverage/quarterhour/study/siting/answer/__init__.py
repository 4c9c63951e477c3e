"""A siting question's answer: searched for, or taken from an earlier run; and what lies behind its plan."""
