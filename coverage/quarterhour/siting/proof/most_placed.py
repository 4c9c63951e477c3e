"""How many find a place at the sites that stand, counted apart from the methods: a greatest flow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.csgraph import maximum_flow

from quarterhour.base.arrays import BoolArray
from quarterhour.base.centiseconds import centiseconds
from quarterhour.siting.question.problem import SitingProblem


def most_placed_today(problem: SitingProblem) -> int:
    """The most people whom existing sites have room for, each within their standard, communities shared out."""
    return most_placed(problem, problem.sites["state"].eq("existing").to_numpy(dtype=np.bool_), problem.load)


def most_placed(problem: SitingProblem, opened: BoolArray, asked: pd.Series) -> int:
    """The most of what communities ask for that some open sites have room for, each within its standard.

    From a source to every community, on to the open sites within its standard, through their room to a sink.
    """
    times, names = problem.times, problem.classes.to_numpy(dtype=object)
    limit = {name: centiseconds(standard.minutes) for name, standard in problem.standards.items()}
    row = np.repeat(np.arange(len(names)), np.diff(times.indptr))
    upto = np.array([limit[name] for name in names], dtype=np.int64)[row]
    tier = problem.coverage.tier
    counts = np.array([not tier or tier in said.split(" ") for said in problem.sites["tiers"]], dtype=np.bool_)
    near = (times.cs <= upto) & (opened & counts)[times.site_index]
    row, site = row[near], times.site_index[near].astype(np.int64)
    people = asked.to_numpy(dtype=np.int64)
    whole = int(people.sum())
    room = np.minimum(problem.sites["capacity"].fillna(whole).to_numpy(dtype=np.int64), whole)
    rows, sites = len(people), len(room)
    tail = np.r_[np.full(rows, rows + sites), row, rows + np.arange(sites)]
    head = np.r_[np.arange(rows), rows + site, np.full(sites, rows + sites + 1)]
    most = np.minimum(np.r_[people, people[row], room], np.iinfo(np.int32).max).astype(np.int32)
    graph = sp.csr_array((most, (tail, head)), shape=(rows + sites + 2, rows + sites + 2))
    return int(maximum_flow(graph, rows + sites, rows + sites + 1).flow_value)
