"""Memristors with states of their own: SOX, second-order Ta2O5, mean metastable switch, dynamic memdiode.

SOX is compared with the waveforms that come with its definition (explicit 8th-order Runge-Kutta, restarted at every corner,
rtol 1e-10, atol 1e-13), thinned; `python3 -m oracles.states FOLDER` writes those from the folder that holds them. The rest is
integrated here.
"""

import csv
import pathlib
import sys

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from .tools import write

SCIPY = "scipy solve_ivp, Radau, rtol=1e-10, restarted at corners"
KB_EV = 8.617333262e-5


def trapezoids(*pulses):
    """Corners of (start, rise, flat, fall, height) pulses on 0 V."""
    points = [(0.0, 0.0)]
    for start, rise, flat, fall, height in pulses:
        points += [(start, 0.0), (start + rise, height), (start + rise + flat, height), (start + rise + flat + fall, 0.0)]
    return points


def drive(points, stop):
    t, v = np.array(points).T
    keep = np.concatenate([[True], np.diff(t) > 0])
    return (lambda x: np.interp(x, t[keep], v[keep])), sorted({0.0, stop} | {x for x in t if 0 < x < stop})


def integrate(f, x0, marks, scale, log=True, count=300):
    """Integrates from mark to mark with dense starts; returns t, x."""
    times, states, x = [], [], np.asarray(x0, dtype=float)
    for a, b in zip(marks, marks[1:]):
        t = a + (b - a) * (np.unique(np.concatenate([np.linspace(0, 1, count), np.logspace(-9, 0, count)])) if log
                           else np.linspace(0, 1, count))
        t[0], t[-1] = a, b
        got = solve_ivp(f, (a, b), x, method="Radau", t_eval=t, rtol=1e-10, atol=np.asarray(scale) * 1e-12)
        if not got.success:
            raise RuntimeError(got.message)
        times.append(got.t)
        states.append(got.y)
        x = got.y[:, -1]
    return np.concatenate(times), np.concatenate(states, axis=1)


# --- SOX ---------------------------------------------------------------------------------------------------------

SOX = dict(is0=3e-7, nf=20, nr=30, phi0=0.45, dphi=0.1257, x1ref=0, gleak=1e-10, gamma=0.4, gamma2=0.36, v0=0.086,
           vb0=0.66, kg=0.58, tau1=10, ea1=0.55, lam=0.1, xb=0.31, tau2=360, ea2=0.7, tn=300)


class Sox:
    def __init__(self, kelvin=300.0, **other):
        self.p = p = {**SOX, **other}
        self.kelvin = kelvin
        inverse = (1 / kelvin - 1 / p["tn"]) / KB_EV
        self.theta = kelvin / p["tn"]
        self.t1, self.t2 = p["tau1"] * np.exp(p["ea1"] * inverse), p["tau2"] * np.exp(p["ea2"] * inverse)
        self.scale = p["is0"] * self.theta ** 2 * np.exp(-p["phi0"] * inverse)
        self.hop = 1 / (2 * p["v0"] * self.theta)

    def fluxes(self, x1, x2, v):
        p = self.p
        u = (p["gamma"] * v - p["vb0"] - p["kg"] * (x1 - x2)) * self.hop
        w = p["gamma2"] * v * self.hop
        j = x2 * (1 - x1) * np.exp(u) - x1 * (1 - x2) * np.exp(-u)
        j2 = p["xb"] * (1 - x2) * np.exp(w) - x2 * (1 - p["xb"]) * np.exp(-w)
        return j, j2

    def rate(self, x, v):
        j, j2 = self.fluxes(x[0], x[1], v)
        return [j / self.t1, -self.p["lam"] * j / self.t1 + j2 / self.t2]

    def current(self, x1, v):
        p, vt = self.p, KB_EV * self.kelvin
        shape = np.expm1(v / (p["nf"] * vt)) - np.expm1(-v / (p["nr"] * vt))
        return self.scale * np.exp(-p["dphi"] * (x1 - p["x1ref"]) / vt) * shape + p["gleak"] * v

    def rest(self):
        return [brentq(lambda x: self.fluxes(x, self.p["xb"], 0.0)[0], 0, 1, xtol=1e-16), self.p["xb"]]

    def run(self, points, stop, series=0.0, x0=None):
        """Through a series resistance; returns t, x1, x2, current, voltage of the device."""
        source, marks = drive(points, stop)

        def inner(x1, v):
            if series == 0.0 or v == 0.0:
                return v
            return brentq(lambda u: u + series * self.current(x1, u) - v, min(v, 0), max(v, 0), xtol=1e-15)

        t, x = integrate(lambda t, x: self.rate(x, inner(x[0], source(t))), self.rest() if x0 is None else x0, marks, [1, 1])
        v = np.array([inner(a, b) for a, b in zip(x[0], source(t))])
        return t, x[0], x[1], self.current(x[0], v), v


def sox():
    def columns(run):
        t, x1, x2, i, _ = run
        return {"time": t, "i(v1)": -i, "@m1[x1]": x1, "@m1[x2]": x2}

    pulses = trapezoids(*[(1 + 0.5 * k, 1e-3, 0.1, 1e-3, 2.5 + 0.2 * k) for k in range(6)], (5, 1e-3, 1.0, 1e-3, -2.0))
    write("sox_potentiating", SCIPY, columns(Sox(310.0, dphi=-0.1257, is0=6e-9).run(pulses, 30.0)))
    changed = dict(gamma=0.5, gamma2=0.2, kg=0.3, vb0=0.5, lam=0.5, xb=0.5, tau1=2, tau2=50, x1ref=0.5)
    t, x1, x2, i, v = Sox(283.15, **changed).run(trapezoids((0.5, 0.2, 1.0, 0.2, 6.0), (3, 0.2, 2.0, 0.2, -3.0)), 20.0, 2e5)
    write("sox_series", SCIPY, {"time": t, "v(d)": v, "i(v1)": -i, "@m1[x1]": x1, "@m1[x2]": x2})
    # a day without bias after one strong spike: nothing happens but the relaxation
    t, x1, x2, i, v = Sox().run(trapezoids((1, 1e-3, 0.1, 1e-3, 5.0)), 86400.0)
    write("sox_day", SCIPY, {"time": t, "@m1[x1]": x1, "@m1[x2]": x2})
    # never biased, no corner anywhere: initial states far from rest
    t, x1, x2, i, v = Sox().run([(0, 0), (1, 0)], 600.0, x0=[0.8, 0.9])
    write("sox_unbiased", SCIPY, {"time": t, "@m1[x1]": x1, "@m1[x2]": x2})

    # small signals at given states and 1.2 V, finite differences of the model in 30 digits would do: here by complex steps
    m, v0, s0 = Sox(), 1.2, np.array([0.5, 0.7])
    frequency = np.logspace(-4, 3, 57)
    h = 1e-30

    def slope(f):
        return np.imag(f) / h

    di_dv, di_dx = slope(m.current(s0[0], v0 + 1j * h)), slope(m.current(s0[0] + 1j * h, v0))
    df_dv = slope(np.array(m.rate(s0, v0 + 1j * h)))
    df_ds = np.array([slope(np.array(m.rate(s0 + 1j * h * e, v0))) for e in np.eye(2)]).T
    y = [di_dv + np.array([di_dx, 0]) @ np.linalg.solve(2j * np.pi * f * np.eye(2) - df_ds, df_dv) for f in frequency]
    y = -np.array(y)
    write("sox_ac", "closed form, complex-step derivatives", {"frequency": frequency, "i(v1).re": y.real, "i(v1).im": y.imag})


def sox_given(folder):
    for name, deck, stop in (("bidir_2p4V", "sox_train", 1e9), ("single_spike", "sox_spike", 1e9), ("iv_loop", "sox_loop", 1e9),
                             ("spike_320K", "sox_320k", 1e9)):
        with open(pathlib.Path(folder) / f"{name}.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        column = {k: np.array([float(r[k]) for r in rows]) for k in rows[0]}
        write(deck, f"reference waveform `{name}` of the model's definition: 8th-order Runge-Kutta, rtol 1e-10; thinned",
              {"time": column["t_s"], "i(v1)": -column["i_A"], "@m1[x1]": column["x1"], "@m1[x2]": column["x2"]})


# --- Ta2O5 -------------------------------------------------------------------------------------------------------

def ta2o5():
    def run(points, stop, x0, t0, gmin=1e-4, gmax=1e-3, k0=1.5e10, ea=0.6, gam=2500.0, rth=3e5, cth=1e-12, p=1.0, b=0.0):
        source, marks = drive(points, stop)

        def shape(v):
            return np.sinh(b * v) / b if b else v

        def rate(t, s):
            v, (w, kelvin) = source(t), s
            f = 1 - (abs(w) if v > 0 else abs(1 - w)) ** (2 * p)
            i = (gmin + (gmax - gmin) * w) * shape(v)
            return [k0 * np.exp(-ea / (KB_EV * kelvin)) * np.sinh(gam * v / kelvin) * f, (v * i - (kelvin - t0) / rth) / cth]

        t, s = integrate(rate, x0, marks, [1, 300])
        v = source(t)
        return {"time": t, "i(v1)": -(gmin + (gmax - gmin) * s[0]) * shape(v), "@m1[w]": s[0], "@m1[t]": s[1]}

    # a heating pulse and a programming pulse, close and far apart
    pair = trapezoids((0.1e-6, 1e-9, 200e-9, 1e-9, -0.9), (0.4e-6, 1e-9, 100e-9, 1e-9, 1.0),
                      (4e-6, 1e-9, 200e-9, 1e-9, -0.9), (7e-6, 1e-9, 100e-9, 1e-9, 1.0))
    write("ta2o5_pairs", SCIPY, run(pair, 10e-6, [0.3, 300.15], 300.15))
    stop, f = 20e-6, 200e3
    corners = [(k / (40 * f), 1.3 * np.sin(2 * np.pi * k / 40)) for k in range(int(stop * f * 40) + 1)]
    write("ta2o5_loop", SCIPY, run(corners, stop, [0.05, 330.0], 330.0, gmin=5e-5, gmax=6e-4, ea=0.55, gam=2000.0, rth=2e5, p=2.0,
                                   cth=2.5e-12, b=1.5))
    return corners


# --- mean metastable switch --------------------------------------------------------------------------------------

def mms():
    def run(points, stop, x0, kelvin=298.5, ron=500.0, roff=1500.0, von=0.27, voff=0.27, tau=1e-4, phi=1.0, a=0.0, b=1.0):
        source, marks = drive(points, stop)
        vt = KB_EV * kelvin

        def s(u):
            return 1 / (1 + np.exp(-u))

        def rate(t, x):
            v = source(t)
            return ((1 - x) * s((v - von) / vt) - x * (1 - s((v + voff) / vt))) / tau

        t, x = integrate(rate, [x0], marks, [1])
        v = source(t)
        i = phi * v * (x[0] / ron + (1 - x[0]) / roff) + (1 - phi) * a * (np.exp(b * v) - np.exp(-b * v))
        return {"time": t, "i(v1)": -i, "@m1[x]": x[0]}

    pulses = trapezoids((0.1e-3, 5e-6, 0.1e-3, 5e-6, 0.3), (0.4e-3, 5e-6, 0.2e-3, 5e-6, -0.24), (0.8e-3, 5e-6, 0.1e-3, 5e-6, 0.6))
    write("mms_pulses", SCIPY, run(pulses, 1.2e-3, 0.2))
    triangle = [(0, 0), (2.5e-3, 0.5), (7.5e-3, -0.5), (12.5e-3, 0.5), (15e-3, 0)]
    write("mms_diode", SCIPY, run(triangle, 15e-3, 0.0, kelvin=330.0, ron=1e3, roff=2e4, von=0.3, voff=0.2, tau=2e-4, phi=0.8,
                                  a=8e-4, b=4.0))
    # on its own: all switches on, no voltage
    write("mms_retention", SCIPY, run([(0, 0), (1, 0)], 3600.0, 1.0, tau=1e-2))


# --- dynamic memdiode --------------------------------------------------------------------------------------------

def memdiode():
    def current(h, v, beta, i0, al, rs):
        i0, al, rs = (a + (b - a) * h for a, b in (i0, al, rs))

        def diode(u):
            return i0 * (np.exp(beta * al * u) - np.exp(-(1 - beta) * al * u))

        u = v if v == 0 else brentq(lambda u: u + rs * diode(u) - v, min(v, 0), max(v, 0), xtol=1e-16, rtol=1e-14)
        return diode(u), u

    a = dict(beta=0.308, i0=(1.8e-6, 1.23e-3), al=(3, 3.8), rs=(117, 256))
    b = dict(beta=0.5, i0=(2e-6, 2e-4), al=(6.19, 5.22), rs=(1, 1))

    def rate_a(h, v):
        return (1 - h) / (1.796e6 * np.exp(-v / 0.0899)) - h / (132 * np.exp(v / 0.1905))

    def rate_b(h, v, isb=1.0, gam=0.9):
        i, u = current(h, v, **b)
        if v >= 0:
            snapped = 0.5 * (1 + np.tanh((i / isb - 1) / 0.02))
            return (1 - h) * np.exp(15 * (u - (0.8 + (0.1 - 0.8) * snapped)))
        t = min(-v / 1e-3, 1.0)
        share = t * t * (3 - 2 * t)
        reset = h * np.exp(-4 * abs(h) ** gam * (u + 1.3))
        return (1 - share) * (1 - h) * np.exp(15 * (u - 0.8)) - share * reset

    def run(rate, iv, points, stop, h0):
        source, marks = drive(points, stop)
        t, h = integrate(lambda t, h: [rate(h[0], source(t))], [h0], marks, [1])
        i = np.array([current(x, v, **iv)[0] for x, v in zip(h[0], source(t))])
        return {"time": t, "i(v1)": -i, "@m1[h]": h[0]}

    ramp = [(0, 0), (1.5, 1.5), (4.5, -1.5), (6, 0)]
    write("memdiode_balance", SCIPY, run(rate_a, a, ramp, 6.0, 0.0))
    write("memdiode_loop", SCIPY, run(rate_b, b, [(0, 0), (1.2, 1.2), (3.2, -1.6), (4.8, 0)], 4.8, 0.0))
    write("memdiode_snapback", SCIPY, run(lambda h, v: rate_b(h, v, isb=5e-5), b, [(0, 0), (1.2, 1.2), (2.4, 0)], 2.4, 0.0))
    write("memdiode_retention", SCIPY, run(rate_a, a, [(0, 0), (1, 0)], 86400.0, 1.0))


def all_references():
    sox()
    ta2o5()
    mms()
    memdiode()


if __name__ == "__main__":
    sox_given(sys.argv[1])
    all_references()
