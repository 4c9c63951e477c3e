"""A made country: prefectures in a lattice, streamed to disk as a study folder that ``quarterhour run`` reads."""
