"""Sites with room: capacitated covering and p-median."""
