"""JART VCM v1b and Stanford-PKU: scipy integrations of the published equations, independent of the simulator.

The static network of JART is solved by bracketed root finding (at positive voltages the first root seen from zero), ln N by an
implicit Runge-Kutta method (Radau). References are written with points where any signal bends.
"""

import functools

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from .tools import write

E, K, H, EPS0 = 1.602176634e-19, 1.380649e-23, 6.62607015e-34, 8.8541878128e-12
JART = dict(arich=6.01e5, mdiel=9.10938e-31, zvo=2, t0=293.0, eps=17, epsphib=5.5, phibn0=0.18, phin=0.1, un=4e-6, nmax=20.0,
            nmin=0.008, nplug=20.0, a=0.25e-9, ny0=2e13, dwa=1.35, rth0=15.72e6, rdet=45e-9, lcell=3.0, scaling=0.27,
            rtiox=650.0, r0=719.2437, rthline=90471.47, alpha=3.92e-3, external=0.0)


class Jart:
    """The device, with a linear resistance `external` in series, under the total voltage v."""

    def __init__(self, geometry=None, **changed):
        self.p = {**JART, **changed}
        self.geometry = geometry or (lambda n: (45e-9, 0.4))

    def element(self, vs, t, n, area):
        """Current of the Schottky element at the drop vs and temperature t."""
        p = self.p
        b = p["phibn0"] - p["phin"]
        phi = p["phibn0"]
        if vs < b:
            phi -= (E**3 * p["zvo"] * n * 1e26 * (b - vs) / (8 * np.pi**2 * (p["epsphib"] * EPS0) ** 3)) ** 0.25
        phi = max(phi, 0.0)
        kt = K * t
        if vs >= 0:
            return area * p["arich"] * t**2 * np.exp(-E * phi / kt) * np.expm1(E * vs / kt)
        w00 = E * H / (4 * np.pi) * np.sqrt(p["zvo"] * n * 1e26 / (p["mdiel"] * p["eps"] * EPS0))
        q = w00 / kt
        w0, w1 = w00 / np.tanh(q), w00 / (q - np.tanh(q))
        root = np.sqrt(np.pi * w00 * E * (-vs + phi / np.cosh(q) ** 2))
        return -area * p["arich"] * t / K * root * np.exp(-E * phi / w0) * np.expm1(E * -vs / w1)

    def static(self, v, n):
        """Current, element voltage, temperature, field."""
        p = self.p
        r, l = self.geometry(n)
        area = np.pi * r**2
        per = 1e-9 / (1e26 * p["zvo"] * E * p["un"] * area)
        disc, plug = per * l / n, per * (p["lcell"] - l) / p["nplug"]
        linear = disc + plug + p["rtiox"] + p["r0"] + p["external"]
        cubic = p["r0"] ** 2 * p["alpha"] * p["rthline"]
        rth = p["rth0"] * (p["rdet"] / r) ** 2 * (1.0 if v <= 0 else p["scaling"])

        def current(vs):
            return brentq(lambda i: cubic * i**3 + linear * i - (v - vs), -1.0, 1.0, xtol=1e-22, rtol=1e-15)

        def temperature(vs, i):
            return p["t0"] + rth * i * (vs + i * (disc + plug))

        def gap(vs):
            i = current(vs)
            return self.element(vs, temperature(vs, i), n, area) - i

        if abs(v) < 1e-9:
            return 0.0, 0.0, p["t0"], 0.0
        if v < 0:
            vs = brentq(gap, v, 0.0, xtol=1e-18, rtol=1e-14)
        else:
            grid = np.concatenate([[0.0], np.linspace(0, min(v, 0.08), 40)[1:], [v]])
            low = next(k for k in range(len(grid) - 1) if gap(grid[k + 1]) > 0)
            vs = brentq(gap, grid[low], grid[low + 1], xtol=1e-18, rtol=1e-14)
        i = current(vs)
        inner = vs + i * (disc + plug)
        field = i * disc / (l * 1e-9) if v <= 0 else inner / (p["lcell"] * 1e-9)
        return i, vs, temperature(vs, i), field

    def rate(self, v, y):
        """d(ln N)/dt."""
        p, n = self.p, np.exp(y)
        if abs(v) < 1e-9:
            return 0.0
        _, _, t, field = self.static(v, n)
        g = p["zvo"] * p["a"] * field / (np.pi * p["dwa"])
        shape = np.sqrt(1 - g * g) + g * np.arcsin(g)
        kt = K * t
        forth = np.exp(-p["dwa"] * E * (shape - g * np.pi / 2) / kt)
        back = np.exp(-p["dwa"] * E * (shape + g * np.pi / 2) / kt)
        bound = 1 - (p["nmin"] / n) ** 10 if v > 0 else 1 - (n / p["nmax"]) ** 10
        l = self.geometry(n)[1]
        return -p["a"] * p["ny0"] / (l * 1e-9) * (p["nplug"] + n) / 2 * (forth - back) * bound / n

    def run(self, corners, n0, begin=None):
        """Integrates over a piecewise linear drive; `begin(self, n, v)` is called where the drive crosses zero."""
        pieces = []
        y = np.log(n0)
        times, volts = np.array(corners, dtype=float).T
        zero = [t0 + (t1 - t0) * v0 / (v0 - v1) for t0, t1, v0, v1 in zip(times, times[1:], volts, volts[1:]) if v0 * v1 < 0]
        marks = sorted([*times, *zero])
        for t0, t1 in zip(marks, marks[1:]):
            drive = functools.partial(np.interp, xp=times, fp=volts)
            if begin:
                begin(self, np.exp(y), drive(0.5 * (t0 + t1)))
            solution = solve_ivp(lambda t, s: [self.rate(drive(t), s[0])], (t0, t1), [y], method="Radau", rtol=1e-9, atol=1e-11,
                                 dense_output=True)
            t = np.unique(np.concatenate([solution.t, np.linspace(t0, t1, 60)]))
            ys = solution.sol(t)[0]
            # here, with the geometry of this half cycle
            states = [self.static(drive(x), np.exp(m)) for x, m in zip(t, ys)]
            pieces.append((t, ys, [s[0] for s in states], [s[2] for s in states]))
            y = solution.y[0][-1]
        t, ys, i, temperature = (np.concatenate([piece[k] for piece in pieces]) for k in range(4))
        keep = np.concatenate([[True], np.diff(t) > 0])
        return t[keep], np.exp(ys[keep]), i[keep], temperature[keep]


def crossing(t, y, level):
    """Times at which y crosses a level, by straight lines in its logarithm."""
    y, level = np.log(y), np.log(level)
    k = np.nonzero((y[:-1] - level) * (y[1:] - level) < 0)[0]
    return t[k] + (level - y[k]) / (y[k + 1] - y[k]) * (t[k + 1] - t[k])


def reference(deck, device, corners, n0, begin=None, levels=(0.1, 1, 10)):
    t, n, i, temperature = device.run(corners, n0, begin)
    write(deck, "scipy Radau on ln N, rtol 1e-9, static network by bracketed roots",
          {"time": t, "i(v1)": -i, "@y1[n]": n, "@y1[t]": temperature})
    print(deck, {level: crossing(t, n, level) for level in levels}, "end", n[-1], "T max", temperature.max())


SWEEP = [(0, 0), (0.5, -1.5), (1.5, 1.5), (2, 0)]
SET = [(0, 0), (10e-9, 0), (20e-9, -0.85), (5.02e-6, -0.85), (5.03e-6, 0), (5.06e-6, 0)]
RESET = [(0, 0), (100e-9, 0), (200e-9, 1.3), (60.2e-6, 1.3), (60.3e-6, 0), (60.6e-6, 0)]


class Moving:
    """Filament geometry that moves linearly with N from (r, l) at the start of a half cycle to its targets."""

    def __init__(self, r, l, r_new, l_new):
        self.r, self.l, self.r_new, self.l_new = r, l, r_new, l_new
        self.n, self.end = None, None

    def __call__(self, n):
        share = (n - self.n) / (self.end - self.n)
        return self.r + (self.r_new - self.r) * share, self.l + (self.l_new - self.l) * share

    def begin(self, device, n, v):
        side = JART["nmax"] if v < 0 else JART["nmin"]
        if side == self.end or v == 0:
            return
        if self.end is not None:
            self.r, self.l = self(n)
        self.n, self.end = n, side


def jart():
    reference("jart_iv_sweep", Jart(), SWEEP, 0.008)
    reference("jart_set_pulse", Jart(), SET, 0.008)
    reference("jart_reset_pulse", Jart(), RESET, 19.0)
    # a series resistance, a warm ambient and another thermal resistance
    hot = Jart(t0=358.15, rth0=10e6, external=500.0)
    reference("jart_series_hot", hot, [(0, 0), (1e-3, -1.6), (2e-3, 0), (4e-3, 1.8), (6e-3, 0)], 0.02)
    moving = Moving(40e-9, 0.5, 48e-9, 0.35)
    reference("jart_moving", Jart(moving), [(0, 0), (1e-3, -1.5), (3e-3, 1.5), (4e-3, 0)], 0.02, moving.begin)


# --- Stanford-PKU ----------------------------------------------------------------------------------------------

def stanford_rate(v, gap, t0=298.0):
    """Current, temperature and dg/dt of version 1.0.0 with a smooth field threshold."""
    i = 1e-3 * np.exp(-gap / 0.25e-9) * np.sinh(v / 0.25)
    t = t0 + 2100 * abs(v * i)
    gamma = 16 - 0.8 * (gap * 1e9) ** 3
    u = (gamma * abs(v) / 12e-9 - 1.4e9) / (0.02 * 1.4e9)
    gamma *= 0.5 * (1 + np.tanh(u))
    kt = K * t / E
    return i, t, -10 * np.exp(-0.6 / kt) * np.sinh(gamma * 0.25e-9 * v / (12e-9 * kt))


def stanford_pieces(drive, marks, gap, external, t0):
    """Gap held at its bounds once it gets there, until the polarity changes."""
    low, high = 0.2e-9, 1.7e-9
    out = []

    def voltage(t, g):
        source = drive(t)
        if external == 0:
            return source
        if source == 0:
            return 0.0
        low_v, high_v = sorted([0.0, source])
        return brentq(lambda v: source - v - external * stanford_rate(v, g, t0)[0], low_v, high_v, xtol=1e-17, rtol=1e-13)

    for a, b in zip(marks, marks[1:]):
        positive = drive(0.5 * (a + b)) > 0
        bound = low if positive else high

        t, g = np.array([a]), np.array([gap])
        resting = gap <= low * (1 + 1e-12) if positive else gap >= high * (1 - 1e-12)
        if not resting:
            rate = lambda t, s: [stanford_rate(voltage(t, np.clip(s[0], low, high)), np.clip(s[0], low, high), t0)[2] * 1e9]
            scaled = solve_ivp(lambda t, s: rate(t, s * 1e-9), (a, b), [gap * 1e9], method="Radau", rtol=1e-9, atol=1e-12,
                               max_step=(b - a) / 100, events=lambda t, s: s[0] - bound * 1e9)
            hit = scaled.t_events[0]
            keep = scaled.t < hit[0] if len(hit) else np.ones(len(scaled.t), bool)
            t, g = scaled.t[keep], scaled.y[0][keep] * 1e-9
            if len(hit):
                t, g = np.append(t, hit[0]), np.append(g, bound)
        gap = g[-1]
        rest = np.linspace(t[-1], b, 80)[1:] if t[-1] < b else np.array([])
        out.append((np.concatenate([t, rest]), np.concatenate([g, np.full(len(rest), gap)])))
    t = np.concatenate([o[0] for o in out])
    g = np.concatenate([o[1] for o in out])
    keep = np.concatenate([[True], np.diff(t) > 0])
    t, g = t[keep], g[keep]
    v = np.array([voltage(x, y) for x, y in zip(t, g)])
    i, temperature, _ = np.array([stanford_rate(x, y, t0) for x, y in zip(v, g)]).T
    return t, v, g, i, temperature


def stanford():
    for deck, drive, marks, gap, external, t0 in [
        ("stanford_sine", lambda t: 2 * np.sin(200 * np.pi * t), np.arange(9) * 2.5e-3, 1.7e-9, 0.0, 298.0),
        ("stanford_pulses", lambda t: np.interp(t, [0, 1e-6, 4e-6, 5e-6, 6e-6, 7e-6, 12e-6], [0, 2.2, 2.2, 0, -2.2, -2.2, 0]),
         np.array([0, 1, 4, 5, 6, 7, 12]) * 1e-6, 1.2e-9, 1e3, 330.0),
    ]:
        t, v, g, i, temperature = stanford_pieces(drive, marks, gap, external, t0)
        columns = {"time": t, "i(v1)": -i, "@y1[gap]": g, "@y1[t]": temperature}
        write(deck, "scipy Radau, rtol 1e-9, gap held at its bounds by events", columns)
        print(deck, crossing(t, g, 0.95e-9), crossing(t, g, 0.6e-9), "end", g[-1], "T max", temperature.max())


# --- Stanford-type cell with a thermal capacitance ---------------------------------------------------------------

def thermal_rates(v, thickness, t):
    """Current, velocity and heating rate of the SkyWater 130 nm cell."""
    gap = 5e-9 - thickness
    push = (16.5 - 1.25 * (gap * 1e9) ** 3) * 0.05 * v
    q = E / (K * t)
    i = 6.14e-5 * np.exp(-gap / (5e-9 - 4.7249e-9)) * np.sinh(v / 0.43)
    return i, 150 * (np.exp(-(1.501 - push) * q) - np.exp(-(1.5 + push) * q)), v * i / 3.1825e-16 - (t - 300) / 0.23e-9


def thermal():
    times, volts = np.array([0, 1, 8, 9, 10, 14, 15]) * 1e-6, [0, 2.2, 2.2, 0, -2.2, -2.2, 0]
    series = 2e4

    def terminal(time, thickness):
        source = np.interp(time, times, volts)
        if source == 0:
            return 0.0
        return brentq(lambda v: source - v - series * thermal_rates(v, thickness, 300)[0], min(0, source), max(0, source), xtol=1e-16)

    def slope(time, s):
        _, velocity, heating = thermal_rates(terminal(time, s[0] * 1e-9), s[0] * 1e-9, s[1])
        return [velocity * 1e9, heating]

    pieces, state = [], [3.5, 300.0]
    for a, b in zip(times, times[1:]):
        solution = solve_ivp(slope, (a, b), state, method="Radau", rtol=1e-9, atol=1e-10, dense_output=True)
        t = np.unique(np.concatenate([solution.t, np.linspace(a, b, 400)]))
        pieces.append((t, *solution.sol(t)))
        state = solution.y[:, -1]
    t, thickness, kelvin = (np.concatenate([piece[k] for piece in pieces]) for k in range(3))
    i = np.array([thermal_rates(terminal(x, y * 1e-9), y * 1e-9, 300)[0] for x, y in zip(t, thickness)])
    write("stanford_thermal", "scipy Radau on thickness and temperature, rtol 1e-9",
          {"time": t, "i(v1)": -i, "@y1[tfilament]": thickness * 1e-9, "@y1[t]": kelvin})
    print("stanford_thermal", crossing(t, thickness, 4.0), crossing(t, thickness, 4.3), "range", thickness.min(), thickness.max(), "end",
          thickness[-1], "T max", kelvin.max())


def all_references():
    jart()
    stanford()
    thermal()
