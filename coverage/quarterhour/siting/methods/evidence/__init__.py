"""What a bound rests on, as whole prices: a linear program's duals, rounded, and a small tree where they fall short."""
