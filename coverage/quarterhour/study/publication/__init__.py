"""The one door between what a study knows of persons and what leaves it.

The wing: pools (whose counts are put together), published (inputs and results that may leave the house), protection
(what was done).
"""
