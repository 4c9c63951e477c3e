"""Inputs as offices send them, each made from one small city, with what the program must say to it.

`city` makes the base, a study of 24 communities whose right figures are known; the modules ``of_...`` change one thing
of it a case; `verdict` holds what came against what must.
"""
