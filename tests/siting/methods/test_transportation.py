"""Who is passed on from full sites to others: the same persons the same ways as counted plainly, ties and all."""

from __future__ import annotations

import numpy as np
import pytest

from quarterhour.siting.methods.capacity.transportation import FAR, least_time_flow
from quarterhour.siting.methods.median.median_instance import MUST, build_median_instance
from quarterhour.siting.question.site_limits import count_limits

_NONE = 2**60


def plainly(median, room, chosen):
    """By pair the people who go so, by row who stays away: each time the cheapest chain, every site looked at anew."""
    place = {s: k for k, s in enumerate(chosen.tolist())}
    nowhere = len(place)
    pairs = [(i, place[s], t, k) for i in range(len(median.people)) for k in range(*median.start[i : i + 2])
             for s, t in [(int(median.site[k]), int(median.cs[k]))] if s in place]  # fmt: skip
    row_of = {}
    for n, (i, *_) in enumerate(pairs):
        row_of.setdefault(i, []).append(n)
    otherwise = [FAR if o == MUST else int(o) for o in median.otherwise]
    went, away = [0] * len(pairs), [0] * len(median.people)
    for i, people in enumerate(median.people.tolist()):
        if i in row_of:
            went[row_of[i][0]] = people
        else:
            away[i] = people
    held = room[chosen].tolist()
    while True:
        load = [0] * nowhere
        for n, (_, s, _, _) in enumerate(pairs):
            load[s] += went[n]
        cost = [[(_NONE, -1)] * (nowhere + 1) for _ in range(nowhere)]
        for n, (i, a, t, _) in enumerate(pairs):
            if went[n]:
                for b, more in [(nowhere, otherwise[i] - t), *((pairs[e][1], pairs[e][2] - t) for e in row_of[i])]:
                    if b != a and more < cost[a][b][0]:
                        cost[a][b] = more, n
        far = [0 if load[a] < held[a] else _NONE for a in range(nowhere)] + [0]
        onward, changed = [-1] * nowhere, True
        while changed:
            changed = False
            for a in range(nowhere):
                for b in range(nowhere + 1):
                    if cost[a][b][0] < _NONE and far[b] < _NONE and cost[a][b][0] + far[b] < far[a]:
                        far[a], onward[a], changed = cost[a][b][0] + far[b], b, True
        full = [a for a in range(nowhere) if load[a] > held[a]]
        if not full:
            whole = np.zeros(len(median.site), dtype=np.int64)
            whole[[k for *_, k in pairs]] = went
            return whole, np.array(away), far[:-1]
        a = min(full, key=lambda a: (far[a], a))
        many, chain = load[a] - held[a], []
        while a < nowhere and onward[a] >= 0:
            chain.append((cost[a][onward[a]][1], onward[a]))
            many = min(many, went[chain[-1][0]])
            a = onward[a]
        many = min(many, held[a] - load[a]) if a < nowhere else many
        for n, b in chain:
            went[n] -= many
            if b == nowhere:
                away[pairs[n][0]] += many
            else:
                went[next(e for e in row_of[pairs[n][0]] if pairs[e][1] == b)] += many


@pytest.mark.parametrize("seed", range(60))
def test_the_same_persons_go_the_same_ways(seed):
    rng = np.random.default_rng(seed)
    rows, sites = int(rng.integers(1, 30)), int(rng.integers(1, 10))
    times = rng.integers(0, (3, 12, 500)[seed % 3], (rows, sites)).astype(np.int64)
    times[rng.random((rows, sites)) < 0.5] = -1
    people = rng.integers(0, (3, 40)[seed % 2], rows)
    otherwise = np.where(rng.random(rows) < 0.6, MUST, rng.integers(0, 600, rows))
    median = build_median_instance(people, times, count_limits(sites), otherwise=otherwise)
    chosen = np.flatnonzero(rng.random(sites) < 0.7).astype(np.int64)
    room = rng.integers(0, 2 + int(people.sum()) // max(1, len(chosen)), sites)
    found = least_time_flow(median, room, chosen)
    went, away, price = plainly(median, room, chosen)
    assert found.people.tolist() == went.tolist() and found.away.tolist() == away.tolist()
    assert found.price[chosen].tolist() == price
