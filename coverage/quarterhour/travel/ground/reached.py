"""The parts of roads that each cutoff reaches, and how far the ground about them is from the nearest, compiled."""

from __future__ import annotations

import numpy as np

from quarterhour.base.jit import kernel


@kernel
def _share(cut, at, whole):  # type: ignore[no-untyped-def]
    """The share of a road that is reached from one of its ends."""
    return 0.0 if whole <= 0 or at >= cut else min(1.0, (cut - at) / whole)


@kernel
def _cut_out(line, low, high, xy, a, b, out, count, fill):  # type: ignore[no-untyped-def]
    """The segments of a line (vertices a to b) between two shares of its length."""
    one, two = low * line[b - 1], high * line[b - 1]
    begun = count
    for k in range(a, b - 1):
        p, q = max(one, line[k]), min(two, line[k + 1])
        if p > q or (p == q and (one != two or count > begun)):
            continue
        if fill:
            step = line[k + 1] - line[k]
            f = (p - line[k]) / step if step > 0 else 0.0
            g = (q - line[k]) / step if step > 0 else 0.0
            for c in range(2):
                # one end as it stands, so that a whole segment keeps both
                out[count, c] = xy[k, c] + f * (xy[k + 1, c] - xy[k, c])
                out[count, 2 + c] = xy[k + 1, c] - (1.0 - g) * (xy[k + 1, c] - xy[k, c])
        count += 1
    return count


@kernel
def new_parts(ways, lines, begun, sites, gaps, cuts):  # type: ignore[no-untyped-def]
    """Segments (x, y, x, y) that each cutoff adds to the one before, where each cutoff's end, the box so far."""
    away, back = ways
    xy, start, line = lines
    own, share, extra = sites
    across, turnout = gaps
    ends = np.zeros(cuts.size + 1, np.int64)
    out = np.empty((0, 4))
    for turn in range(2):
        count = 0
        for c in range(cuts.size):
            cut, less = cuts[c], cuts[c - 1] if c else -1
            for r in range(away.size):
                from_tail, from_head = begun[r, 0], begun[r, 1]
                if from_tail >= cut and from_head >= cut:
                    continue
                a, b = start[r], start[r + 1]
                low, high = _share(less, from_tail, away[r]), 1.0 - _share(less, from_head, back[r])
                if low >= high:
                    continue
                up, down = _share(cut, from_tail, away[r]), 1.0 - _share(cut, from_head, back[r])
                if up >= down:
                    count = _cut_out(line, low, high, xy, a, b, out, count, turn)
                    continue
                if up > low:
                    count = _cut_out(line, low, up, xy, a, b, out, count, turn)
                if down < high:
                    count = _cut_out(line, down, high, xy, a, b, out, count, turn)
            for s in range(own.size):
                r, left = own[s], cut - extra[s]
                if cut >= turnout and extra[s] > turnout:  # the way over open ground, from the site to its road
                    if turn:
                        part = min(1.0, (cut - turnout) / (extra[s] - turnout))
                        for k in range(2):
                            out[count, k] = across[s, k]
                            out[count, 2 + k] = across[s, k] + part * (across[s, 2 + k] - across[s, k])
                    count += 1
                if left >= 0:
                    low = max(0.0, share[s] - left / back[r]) if back[r] > 0 else share[s]
                    high = min(1.0, share[s] + left / away[r]) if away[r] > 0 else share[s]
                    count = _cut_out(line, low, high, xy, start[r], start[r + 1], out, count, turn)
            ends[c + 1] = count
        if turn == 0:
            out = np.empty((count, 4))
    return out, ends, _boxes(out, ends)


@kernel
def _boxes(parts, ends):  # type: ignore[no-untyped-def]
    boxes = np.zeros((ends.size - 1, 4))
    box = np.array([np.inf, np.inf, -np.inf, -np.inf])
    for c in range(ends.size - 1):
        for s in range(ends[c], ends[c + 1]):
            for k in range(2):
                box[k] = min(box[k], min(parts[s, k], parts[s, 2 + k]))
                box[2 + k] = max(box[2 + k], max(parts[s, k], parts[s, 2 + k]))
        if ends[c + 1]:
            boxes[c] = box
    return boxes


@kernel
def burn(parts, squared, i0, j0, cell, reach):  # type: ignore[no-untyped-def]
    """Lower the squared distances round each part; a long part is taken in pieces, to keep its box small."""
    for s in range(parts.shape[0]):
        x, y = parts[s, 0], parts[s, 1]
        pieces = int(np.hypot(parts[s, 2] - x, parts[s, 3] - y) / (2 * reach)) + 1
        dx, dy = (parts[s, 2] - x) / pieces, (parts[s, 3] - y) / pieces
        length = dx * dx + dy * dy
        sx, sy = np.float32(dx), np.float32(dy)
        ux, uy = np.float32(dx / length if length > 0 else 0.0), np.float32(dy / length if length > 0 else 0.0)
        for piece in range(pieces):
            ax, ay = x + piece * dx - i0 * cell, y + piece * dy - j0 * cell
            # the rim of the field lies beyond the reach of every part
            left, right = int((min(ax, ax + dx) - reach) / cell) + 1, int((max(ax, ax + dx) + reach) / cell) + 1
            low, high = int((min(ay, ay + dy) - reach) / cell) + 1, int((max(ay, ay + dy) + reach) / cell) + 1
            for j in range(low, high):
                py = np.float32(j * cell - ay)
                up = py * uy
                row = squared[j, left:right]
                for i in range(row.size):
                    px = np.float32((left + i) * cell - ax)
                    f = min(np.float32(1.0), max(np.float32(0.0), px * ux + up))
                    ox, oy = px - f * sx, py - f * sy
                    row[i] = min(row[i], ox * ox + oy * oy)
