"""Check plan.json with no solver and nothing of the program that wrote it: python check_plan.py plan.json
Seal, number of sites, quotas; each goal's value from the travel times, its bound from prices (why: docs/method.md)."""

import base64, hashlib, itertools, json, math, pathlib, sys, types, zlib  # noqa: E401, I001


def ints(text):  # eight bytes a number, those of one weight side by side, the lowest first
    raw = zlib.decompress(base64.b64decode(text))
    return [int.from_bytes(raw[k :: len(raw) // 8], "little", signed=True) for k in range(len(raw) // 8)]


def read(q):
    texts = [json.loads(zlib.decompress(base64.b64decode(q[key]))) for key in ("communities", "sites")]
    (names, classes, *_), (ids, *columns) = texts
    told, rows = dict(zip(q["site_columns"], columns, strict=True)), range(len(names))
    start, site = [0, *itertools.accumulate(ints(q["near"]["count"]))], [*itertools.accumulate(ints(q["near"]["site"]))]
    pairs = [*zip(site, ints(q["near"]["cs"]), strict=True)]
    near = [pairs[a:b] for a, b in zip(start, start[1:], strict=False)]
    people = {name: [n * bool(near[i]) for i, n in enumerate(ints(text))] for name, text in q["people"].items()}
    people[""] = [sum(w * people[c][i] for c, w in q["weights"].items()) for i in rows]
    must = [q["coverage"][2] and any(people[c][i] for c in ("", *(goal[1] for goal in q["goals"]))) for i in rows]
    old, new, free = ({j for j, s in enumerate(told["state"]) if s[0] in some} for some in ("e", "r", "cu"))
    most = min(len(free), math.inf if q["new_sites"] is None else q["new_sites"] - len(new))
    inside = [({j for j, here in enumerate(told[x[0]]) if here == area}, *x[2:4]) for x in q["quotas"] for area in x[1]]
    rules = [(at, min(low, len(at)), len(at) if high is None else high) for at, low, high in inside]
    return types.SimpleNamespace(limit=[q["standards"][name][-1][0] for name in classes], **locals())


def part(q, goal, key):  # people; what one costs at some centiseconds; what a site costs; what the value costs
    people, value = q.people[goal["people"]], goal[key]
    if goal["objective"] == "max-cover":  # hundredths of people who are not covered
        return people, lambda _, cs: 100 * (cs == math.inf), 0, 100 * (sum(people) - value)
    if goal["objective"] == "min-time":  # people times centiseconds
        return people, lambda i, cs: min(cs, q.limit[i]), 0, round(value * 6000)
    return people, lambda *_: 0, 1, value


def least(q, goals, scale, prices, taken, left):  # no choice with some sites and without others costs less
    at, width = len(goals) - 1, len(goals) - 1 + len(q.rules)
    weighed, own = [*zip([scale, *prices[:at]], goals, strict=True)], prices[width:]
    paid = lambda i, cs: sum(w * goal[0][i] * goal[1](i, cs) for w, goal in weighed if goal[0][i])  # noqa: E731
    priced = min(scale, *prices[:at], 1) >= 0 and all(q.must[i] or own[i] <= paid(i, math.inf) for i in q.rows)
    sites = [sum(w * goal[2] for w, goal in weighed) * (s != "existing") for s in q.told["state"]]
    total = sum(own) - sum(w * goal[3] for w, goal in weighed[1:])
    for price, (inside, low, high) in zip(prices[at:width], q.rules, strict=True):
        total += price * (low if price > 0 else high)
        sites = [cost - price * (j in inside) for j, cost in enumerate(sites)] if price else sites
    for i, j, cs in ((row, *pair) for row in q.rows if own[row] > 0 for pair in q.near[row]):
        sites[j] += min(0, paid(i, cs) - own[i])
    total += sum(sorted(min(0, sites[j]) for j in q.free - {*taken, *left})[: q.most - len(taken)])
    return total + sum(c for j, c in enumerate(sites) if j not in q.free or j in taken) if priced else -math.inf


def shown(q, goals, said):  # every part of all choices costs more than the bound less the unit of all costs
    n, scale, width = ints(said["prices"]), int(said["scale"]), len(goals) - 1 + len(q.rules) + len(q.near)
    vectors = [[a + n[i] * (k > 0) for i, a in enumerate(n[k : k + width])] for k in range(0, len(n), width)]
    people, at, site, bound = goals[0]
    unit = math.gcd(site, *(people[i] * at(i, cs) for i in q.rows for _, cs in (*q.near[i], (0, math.inf)))) or 1
    waiting, above = [((), ())], scale * (-(-bound // unit) - 1) * unit
    for node in ints(said["tree"]):
        taken, left = waiting.pop()
        if node in q.free and node not in taken + left:
            waiting += [((*taken, node), left), (taken, (*left, node))]
        elif node >= 0 or not (len(taken) > q.most or least(q, goals, scale, vectors[~node], taken, left) > above):
            return False
    return not waiting


def check(record):
    q, goals, before = record["question"], record["goals"], []
    seal = json.dumps({k: v for k, v in record.items() if k != "seal"}, ensure_ascii=False, sort_keys=True)
    yield "seal", hashlib.sha256(seal.encode()).hexdigest() == record["seal"]
    first, asked = [g[k] for g in goals[:1] for k in ("value", "bound")], [[g["objective"], g["people"]] for g in goals]
    yield "goals", first in ([], [record["value"], record["bound"]]) and asked in ([], [g[:2] for g in q["goals"]])
    form = [q["coverage"][:2] == [None, ""], q["coverage"][3:] == [0], not q["capacity"], q["budget"][0] is None, goals]
    form += [not ints(q["conflicts"]), all(len(steps) == 1 for steps in q["standards"].values())]
    form += [*(x[4:] == [""] for x in q["quotas"]), *(g["objective"] in "max-cover min-sites min-time" for g in goals)]
    if not all(form):
        yield "all else: a question of another form, which quarterhour verify counts", None
        return
    q, ids = read(q), [site["id"] for site in record["sites"]]
    built = {j for j, site in enumerate(q.ids) if site in ids}
    nearest = [min((cs for j, cs in near if j in built or j in q.old), default=math.inf) for near in q.near]
    yield "sites", q.new <= built <= q.new | q.free and len(ids) == len(built) <= q.most + len(q.new)
    yield "quotas", all(low <= len(inside.intersection(built | q.old)) <= high for inside, low, high in q.rules)
    yield "whom it covers", not any(q.must[i] and nearest[i] == math.inf for i in q.rows)
    for goal, said in itertools.zip_longest(goals, record.get("evidence") or [], fillvalue={"none": ""}):
        people, at, site, cost = value = part(q, goal, "value")
        yield f"value {goal['value']}", cost == site * len(built) + sum(people[i] * at(i, nearest[i]) for i in q.rows)
        yield f"bound {goal['bound']}", None if "none" in said else shown(q, [part(q, goal, "bound"), *before], said)
        before.append(value)


if __name__ == "__main__":
    sys.excepthook = lambda kind, error, _: print(f"No plan to check: {kind.__name__}: {error}", file=sys.stderr)
    held = json.loads(pathlib.Path(sys.argv[1]).read_bytes())
    plans = held if isinstance(held, list) and held else [held]
    words, told = {True: "holds", None: "NOT CHECKED"}, [(p["problem_id"], *line) for p in plans for line in check(p)]
    print(*(f"{plan}: {what}: {words.get(ok, 'DOES NOT HOLD')}" for plan, what, ok in told), sep="\n")
    sys.exit(any(ok not in (True, None) for *_, ok in told))
