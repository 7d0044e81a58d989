"""Grids, thinning, CSV files, exact linear systems, and runs of ngspice."""

import pathlib
import re
import struct
import subprocess
import tempfile

import numpy as np
from scipy.linalg import expm
from scipy.integrate import solve_ivp

HERE = pathlib.Path(__file__).resolve().parent.parent
MOST_POINTS = 400
Q_OVER_K = 1.602176634e-19 / 1.380649e-23


# --- reference files -------------------------------------------------------------------------------------------

def thin(axis, signals, tolerance=1e-5, most=MOST_POINTS):
    """Indices of points between which straight lines stay within `tolerance` of each signal's range."""
    scale = [1.0 / max(np.ptp(y), 1e-3 * np.max(np.abs(y)), 1e-15) for y in signals]
    table = np.array([s * y for s, y in zip(scale, signals)])
    even = set(np.searchsorted(axis, np.linspace(axis[0], axis[-1], 101)[1:-1]))
    while True:
        keep = {0, len(axis) - 1} | {int(k) for k in even}
        marks = sorted(keep)
        stack = list(zip(marks, marks[1:]))
        while stack:
            a, b = stack.pop()
            if b - a < 2:
                continue
            t = (axis[a + 1:b] - axis[a]) / (axis[b] - axis[a])
            error = np.abs(table[:, a + 1:b] - table[:, a:a + 1] - t * (table[:, b:b + 1] - table[:, a:a + 1])).max(axis=0)
            worst = int(np.argmax(error))
            if error[worst] > tolerance:
                keep.add(a + 1 + worst)
                stack += [(a, a + 1 + worst), (a + 1 + worst, b)]
        if len(keep) <= most:
            return sorted(keep)
        tolerance *= 1.5


def write(deck, oracle, columns, period=None, tol=None):
    """Writes ref/<deck>.csv; `columns` is an ordered dictionary, the axis first (no axis for an operating point)."""
    names = list(columns)
    data = [np.atleast_1d(np.asarray(columns[n], dtype=float)) for n in names]
    if names[0] == "time":
        first = np.concatenate([[True], np.diff([float(f"{v:.9g}") for v in data[0]]) > 0])
        data = [d[first] for d in data]
        pick = range(len(data[0])) if period else thin(data[0], data[1:])
        data = [d[list(pick)] for d in data]
    lines = [f"# oracle: {oracle}"]
    if period:
        lines.append(f"# period: {period}")
    lines += [f"# tol: {text}" for text in tol or []]
    lines.append(",".join(names))
    lines += [",".join(f"{v:.9g}" for v in row) for row in zip(*data)]
    (HERE / "ref" / f"{deck}.csv").write_text("\n".join(lines) + "\n")


# --- exact linear systems --------------------------------------------------------------------------------------

def grid(start, stop, count=1500):
    """Even points of a segment, with more of them after its start (where transients are fast)."""
    length = stop - start
    near = start + length * np.logspace(-9, 0, 120)
    return np.unique(np.concatenate([np.linspace(start, stop, count), near[near < stop]]))


class Piece:
    """An input u(t) = c z(t) with z' = S z from z0 at its start."""

    def __init__(self, start, s, z0, c):
        self.start, self.s, self.z0 = start, np.atleast_2d(s).astype(float), np.atleast_1d(z0).astype(float)
        self.c = np.atleast_2d(c).astype(float)


def pwl(points):
    """Pieces of a piecewise linear input that holds its last value."""
    out = []
    for (t0, v0), (t1, v1) in zip(points, points[1:]):
        if t1 > t0:
            out.append(Piece(t0, [[0, (v1 - v0) / (t1 - t0)], [0, 0]], [v0, 1], [1, 0]))
    out.append(Piece(points[-1][0], [[0, 0], [0, 0]], [points[-1][1], 1], [1, 0]))
    return out


def pulse(v1, v2, td, tr, tf, pw, per, stop):
    """Corners of PULSE up to `stop`."""
    points, t = [(0.0, v1)] if td > 0 else [], td
    while t < stop:
        points += [(t, v1), (t + tr, v2), (t + tr + pw, v2), (t + tr + pw + tf, v1)]
        t += per
    return points


def tone(start, omega, phase=0.0, amplitude=1.0, offset=0.0, damping=0.0):
    """offset + amplitude exp(-damping t) sin(omega t + phase), t from `start`."""
    s = [[-damping, omega, 0], [-omega, -damping, 0], [0, 0, 0]]
    return Piece(start, s, [np.sin(phase), np.cos(phase), 1], [amplitude, 0, offset])


def linear(a, b, x0, pieces, stop):
    """Exact solution of x' = a x + b u by matrix exponentials; returns t, x (states x points), u."""
    a, b = np.atleast_2d(a).astype(float), np.asarray(b, dtype=float).reshape(len(np.atleast_2d(a)), -1)
    x, times, states, inputs = np.asarray(x0, dtype=float), [], [], []
    ends = [p.start for p in pieces[1:]] + [stop]
    for piece, end in zip(pieces, ends):
        end = min(end, stop)
        if piece.start >= end:
            continue
        n, m = len(a), len(piece.s)
        big = np.zeros((n + m, n + m))
        big[:n, :n], big[:n, n:], big[n:, n:] = a, b @ piece.c, piece.s
        y0 = np.concatenate([x, piece.z0])
        t = grid(piece.start, end, count=max(60, int(1500 * (end - piece.start) / stop)))
        steps, cache, y, rows = np.diff(t), {}, y0, [y0]
        for h in steps:
            key = float(f"{h:.12g}")
            if key not in cache:
                cache[key] = expm(big * h)
            y = cache[key] @ y
            rows.append(y)
        rows = np.array(rows).T
        x = rows[:n, -1]
        times.append(t)
        states.append(rows[:n])
        inputs.append(piece.c @ rows[n:])
    return np.concatenate(times), np.concatenate(states, axis=1), np.concatenate(inputs, axis=1)


def rest(a, b, u0):
    """Operating point of x' = a x + b u."""
    a = np.atleast_2d(a).astype(float)
    return -np.linalg.solve(a, np.asarray(b, dtype=float).reshape(len(a), -1) @ np.atleast_1d(u0))


# --- nonlinear differential equations --------------------------------------------------------------------------

def integrate(f, x0, marks, scale, method="Radau", count=3000, rtol=1e-10):
    """Integrates x' = f(t, x) from mark to mark; `scale` is the size of each state. Returns t, x."""
    times, states, x = [], [], np.asarray(x0, dtype=float)
    total = marks[-1] - marks[0]
    for start, stop in zip(marks, marks[1:]):
        t = np.linspace(start, stop, max(50, int(count * (stop - start) / total)))
        near = start + (stop - start) * np.logspace(-6, 0, 60)
        t = np.unique(np.concatenate([t, near[near < stop]]))
        got = solve_ivp(f, (start, stop), x, method=method, t_eval=t, rtol=rtol, atol=np.asarray(scale) * 1e-11)
        if not got.success:
            raise RuntimeError(got.message)
        times.append(got.t)
        states.append(got.y)
        x = got.y[:, -1]
    return np.concatenate(times), np.concatenate(states, axis=1)


# --- ngspice ---------------------------------------------------------------------------------------------------

def canon(name):
    name = name.lower()
    if name.endswith("#branch"):
        return f"i({name[:-7]})"
    return name if "(" in name or name == "time" or "sweep" in name else f"v({name})"


def read_raw(path):
    """First plot of a binary raw file: a dictionary of columns."""
    data = path.read_bytes()
    head, body = data.split(b"Binary:\n", 1)
    head = head.decode("latin-1")
    count, points = (int(re.search(key + r":\s*(\d+)", head)[1]) for key in ("No. Variables", "No. Points"))
    names = [canon(line.split()[1]) for line in head.split("Variables:", 2)[2].strip().splitlines()[:count]]
    table = np.frombuffer(body[:8 * count * points], dtype="<f8").reshape(points, count)
    return {n: table[:, k] for k, n in enumerate(names)}


def ngspice(deck, options="", max_step=None):
    """Runs a deck, optionally with tighter options and a largest step; returns its columns."""
    text = (HERE / f"{deck}.cir").read_text()
    if max_step:
        def tighter(match):
            step, stop = match[1].split()[:2]
            return f".tran {step} {stop} 0 {max_step:g}{' uic' if 'uic' in match[1] else ''}"
        text = re.sub(r"(?m)^\.tran (.*)$", tighter, text)
    if options:
        text = re.sub(r"(?m)^\.end$", f".options {options}\n.end", text)
    with tempfile.TemporaryDirectory(dir=HERE, prefix=".run") as folder:
        path = pathlib.Path(folder)
        (path / "inc").symlink_to(HERE / "inc")
        (path / "deck.cir").write_text(text)
        run = subprocess.run(["ngspice", "-b", "deck.cir", "-r", "out.raw"], cwd=path, capture_output=True, text=True, timeout=200)
        if not (path / "out.raw").exists():
            raise RuntimeError(f"{deck}: ngspice failed: {(run.stderr or run.stdout)[-400:]}")
        return read_raw(path / "out.raw")


TIGHT = "reltol=1e-6 abstol=1e-15 vntol=1e-10 chgtol=1e-19 trtol=1"


def simulated(deck, signals, stop=None, parts=20000, axis="time", period=None, tight=TIGHT, tol=None):
    """Reference by ngspice with much tighter steps and tolerances; prints how much half as many steps change it."""
    step = stop / parts if stop else None
    got = ngspice(deck, tight, step)
    if stop:
        coarse = ngspice(deck, tight, 2 * step)
        names = signals or [period]
        change = [np.sqrt(np.mean((np.interp(got["time"], coarse["time"], coarse[s]) - got[s])**2)) / np.ptp(got[s]) for s in names]
        print(deck, "step convergence", f"{max(change):.1e}")
    note = f"ngspice 39, {tight}" + (f", tmax={step:.3g}" if step else "")
    if period:
        write(deck, note, {period: [rising_period(got["time"], got[period])]}, period=period)
    else:
        write(deck, note, {axis: got[axis]} | {s: got[s] for s in signals}, tol=tol)


def rising_period(t, y):
    """Mean period of rising crossings of the middle, over the later half of them."""
    mid = (y.max() + y.min()) / 2
    k = np.nonzero((y[:-1] < mid) & (y[1:] >= mid))[0]
    c = t[k] + (t[k + 1] - t[k]) * (mid - y[k]) / (y[k + 1] - y[k])
    c = c[len(c) // 2:] if len(c) > 4 else c[-2:]
    return (c[-1] - c[0]) / (len(c) - 1)
