"""Memristors: scipy integrations of the published equations, and waveforms of other programs.

usage: python3 -m oracles.memristors [--given FOLDER]
FOLDER holds hp_biolek.csv, yakopcic.csv and vteam_hardbound.csv (explicit 8th order, rtol 1e-12, by another hand).
mem_team_xyce_own.csv are points of the stored output of Xyce's own test memristorTEAM_test.cir.
"""

import csv
import pathlib
import sys

import numpy as np
from scipy.optimize import brentq

from .tools import HERE, integrate, pulse, write

SCIPY = "scipy solve_ivp, rtol=1e-10"


def sine(amplitude, frequency):
    return lambda t: amplitude * np.sin(2 * np.pi * frequency * t)


def marks(stop, frequency, drive=None, levels=()):
    """Zero crossings and extrema of a sine, and where it crosses `levels`."""
    out = {*(np.arange(0, stop * frequency * 4 + 0.5) / (4 * frequency)), stop}
    quarter = sorted(out)
    for a, b in zip(quarter, quarter[1:]):
        for level in levels:
            if (drive(a) - level) * (drive(b) - level) < 0:
                out.add(brentq(lambda t: drive(t) - level, a, b, xtol=1e-18))
    return sorted(t for t in out if t <= stop)


def linear(points):
    t, v = np.array(points, dtype=float).T
    return lambda x: np.interp(x, t, v), sorted(set(t))


# --- linear ion drift ------------------------------------------------------------------------------------------

def hp(window, p, j=1.0, ron=100.0, roff=16e3, d=10e-9, uv=1e-14):
    k = uv * ron / d**2

    def current(x, v):
        return v / (ron * x + roff * (1 - x))

    def rate(x, v):
        i = current(x, v)
        f = {"joglekar": 1 - abs(2 * x - 1)**(2 * p), "biolek": 1 - abs(x - (1 if i <= 0 else 0))**(2 * p),
             "prodromakis": j * (1 - ((x - 0.5)**2 + 0.75)**p), "none": 1.0}[window]
        if (x >= 1 and i > 0) or (x <= 0 and i < 0):
            f = 0.0
        return k * i * f
    return current, rate


def ion_drift():
    v = sine(1.5, 2)
    for deck, window, p, j, x0 in [("mem_hp_joglekar", "joglekar", 3, 1, 0.3), ("mem_hp_prodromakis", "prodromakis", 4, 1.5, 0.2)]:
        current, rate = hp(window, p, j)
        t, x = integrate(lambda t, x: [rate(x[0], v(t))], [x0], marks(1.0, 2), [1.0], method="DOP853")
        write(deck, SCIPY, {"time": t, "@y1[x]": x[0], "i(v1)": -current(x[0], v(t))})

    # no window: x follows from u = ron x^2/2 + roff (x - x^2/2), which grows by k times the flux; clipped at 0 and 1
    ron, roff, k = 100.0, 16e3, 1e-14 * 100 / 1e-16
    t = np.linspace(0, 1.0, 40001)
    amplitude, omega = 2.0, 2 * np.pi * 1.0
    u = roff * 0.1 + (ron - roff) * 0.1**2 / 2
    top, states, before = roff + (ron - roff) / 2, [], 0.0
    for time in t:
        flux = amplitude / omega * (1 - np.cos(omega * time))
        u, before = min(max(u + k * (flux - before), 0.0), top), flux
        a = (ron - roff) / 2
        states.append((-roff + np.sqrt(roff**2 + 4 * a * u)) / (2 * a))
    x, drive = np.array(states), amplitude * np.sin(omega * t)
    write("mem_hp_clipped", "closed form: flux integral, clipped", {"time": t, "@y1[x]": x, "i(v1)": -drive / (ron * x + roff * (1 - x))})


# --- TEAM ------------------------------------------------------------------------------------------------------

def team(series, law, koff, kon, alpha, ioff, ion, wc, ron=50.0, roff=1000.0, xoff=3.0, ends=(0.0, 3.0)):
    """Lengths in nm."""
    def resistance(w):
        u = w / xoff
        return ron * (roff / ron)**u if law else ron + (roff - ron) * u

    def rate(w, v):
        i = v / (resistance(w) + series)
        if i > ioff:
            return koff * 1e9 * (i / ioff - 1)**alpha * np.exp(-np.exp(min((w - ends[1]) / (wc * 1e9), 300)))
        if i < ion:
            return kon * 1e9 * (i / ion - 1)**alpha * np.exp(-np.exp(min((ends[0] - w) / (wc * 1e9), 300)))
        return 0.0
    return resistance, rate


def kvatinsky():
    v = sine(1.0, 1e3)
    resistance, rate = team(50.0, False, 1.46e-18, -4.68e-22, 10, 115e-6, -8.9e-6, 1e-12)
    t, w = integrate(lambda t, w: [rate(w[0], v(t))], [0.0], marks(2e-3, 1e3), [1.0])
    r = resistance(w[0])
    write("mem_team_xyce", SCIPY, {"time": t, "v(n2)": 50 * v(t) / (r + 50), "n(ymemristor!mr1_x)": w[0], "n(ymemristor!mr1:r)": r})

    v = sine(1.2, 2e3)
    resistance, rate = team(100.0, True, 3e-7, -2e-8, 3, 115e-6, -40e-6, 50e-12, ends=(0.3, 2.7))
    t, w = integrate(lambda t, w: [rate(w[0], v(t))], [1.5], marks(1e-3, 2e3), [1.0])
    r = resistance(w[0])
    write("mem_team_exponential", SCIPY, {"time": t, "v(te)": v(t) * r / (r + 100), "@y1[w]": w[0] * 1e-9})


# --- Yakopcic --------------------------------------------------------------------------------------------------

def yakopcic(a1, a2, b, vp, vn, ap, an, xp, xn, alphap, alphan, eta=1):
    def current(x, v):
        return (a1 if v >= 0 else a2) * x * np.sinh(b * v)

    def rate(x, v):
        g = ap * (np.exp(v) - np.exp(vp)) if v > vp else -an * (np.exp(-v) - np.exp(vn)) if v < -vn else 0.0
        if eta * v >= 0:
            f = np.exp(-alphap * (x - xp)) * ((xp - x) / (1 - xp) + 1) if x >= xp else 1.0
        else:
            f = np.exp(alphan * (x + xn - 1)) * x / (1 - xn) if x <= 1 - xn else 1.0
        return eta * g * f
    return current, rate


def generalised():
    v = sine(0.8, 1.0)
    current, rate = yakopcic(7e-5, 7e-5, 1.9, 0.4, 0.3, 1, 1, 0.9, 0.7, 3, 8)
    t, x = integrate(lambda t, x: [rate(x[0], v(t))], [0.05], marks(3.0, 1.0, v, (0.4, -0.3)), [1.0], method="DOP853")
    i = np.array([current(a, b) for a, b in zip(x[0], v(t))])
    write("mem_yakopcic_c", SCIPY, {"time": t, "@y1[x]": x[0], "i(v1)": -i})

    # Xyce's deck: set A through 50 ohm
    v = sine(0.5, 100.0)
    current, rate = yakopcic(0.17, 0.17, 0.05, 0.16, 0.15, 4000, 4000, 0.3, 0.5, 1, 5)

    def across(x, source):
        return brentq(lambda u: u + 50 * current(x, u) - source, -abs(source) - 1e-9, abs(source) + 1e-9, xtol=1e-15)
    t, x = integrate(lambda t, x: [rate(x[0], across(x[0], v(t)))], [0.11], marks(20e-4, 100.0), [1.0])
    u = np.array([across(a, b) for a, b in zip(x[0], v(t))])
    write("mem_yakopcic_xyce", SCIPY, {"time": t, "v(n2)": v(t) - u, "n(ymemristor!mr1_x)": x[0]})


# --- piecewise empirical ---------------------------------------------------------------------------------------

FXP = [(0.0, 0.63), (0.4, 0.63), (0.7, 0.2), (0.8, 0.06), (0.9, 0.015), (1.0, 1e-4)]
FXM = [(0.0, 0.0), (0.1, -0.005), (0.4, -0.06), (0.7, -0.21), (0.9, -0.11), (1.0, -0.015)]


def pem(vlow, vn, d2, c2):
    i1, i2, v1, g0, vp, d1, c1 = 85.37e-6, 90.16e-6, 0.265, 130.72e-6, 0.7, 9.87, 1000.0
    (px, pf), (mx, mf) = np.array(FXP).T, np.array(FXM).T

    def h(v):
        return i1 * np.exp(v / v1) - i2 * np.exp(-v / v1) + g0 * v - (i1 - i2)

    def f(x, xs, fs):
        if x > xs[-1]:
            return fs[-1] + (fs[-1] - fs[-2]) / (xs[-1] - xs[-2]) * (x - xs[-1])
        return np.interp(x, xs, fs)

    def rate(x, v):
        g = np.exp(d1 * (v - vp)) - 1 if v >= vp else np.exp(d2 * (v - vn)) - 1 if v <= vlow else 0.0
        return g * (c1 * f(x, px, pf) if v >= 0 else c2 * f(x, mx, mf))
    return h, rate


def piecewise():
    for name, table in [("mem_fxp", FXP), ("mem_fxm", FXM)]:
        (HERE / "inc" / f"{name}.csv").write_text("".join(f"{x:g},{f:g}\n" for x, f in table))
    # Xyce's deck with its threshold at +1 V: the state rises from the start
    v = sine(0.5, 100.0)
    h, rate = pem(1.0, 1.0, -4.82, 1000.0)

    def across(x, source):
        return brentq(lambda u: u + 50 * x * h(u) - source, -abs(source) - 1e-9, abs(source) + 1e-9, xtol=1e-15)
    t, x = integrate(lambda t, x: [rate(x[0], across(x[0], v(t)))], [0.11], [0, 1e-6, 1e-5, 1e-4, 20e-4], [1.0])
    u = np.array([across(a, b) for a, b in zip(x[0], v(t))])
    write("mem_pem_xyce", SCIPY, {"time": t, "v(n1,n2)": u, "n(ymemristor!mr1_x)": x[0]})

    # thresholds of both signs, set and reset
    v = sine(0.9, 50.0)
    h, rate = pem(-0.6, -0.6, -9.0, 300.0)
    t, x = integrate(lambda t, x: [rate(x[0], v(t))], [0.15], marks(40e-3, 50.0, v, (0.7, -0.6)), [1.0], method="DOP853")
    i = x[0] * h(v(t))
    write("mem_pem_bipolar", SCIPY, {"time": t, "@y1[x]": x[0], "i(v1)": -i})


# --- tungsten oxide --------------------------------------------------------------------------------------------

def film(w, v, al, be, ga, de):
    return (1 - w) * al * (1 - np.exp(-be * v)) + w * ga * np.sinh(de * v)


def tungsten():
    corners = pulse(0, 1.0, 0.1, 1e-3, 1e-3, 0.4, 1.0, 3.0)[:13] + [(4.0, 0.0), (4.001, -1.0), (4.4, -1.0), (4.401, 0.0), (8.0, 0.0)]
    v, ends = linear(corners)
    t, w = integrate(lambda t, w: [4.5 * 0.004 * np.sinh(4 * v(t)) - w[0] / 10], [0.0], [x for x in ends if x <= 8.0], [1.0])
    if w.min() < 0 or w.max() > 1:
        raise RuntimeError(f"mem_wox meets a bound: {w.min()} {w.max()}")
    write("mem_wox", SCIPY, {"time": t, "@y1[w]": w[0], "i(v1)": -film(w[0], v(t), 0.5e-6, 0.5, 4e-6, 2)})

    source = sine(0.9, 0.5)
    la, rw, rm, tl, ts, eps, sig, w0, m0 = 1e-2, 12.5, 0.1, 1e3, 1e3, 0.01, 25, 0.001, 0.001

    def rate(t, s):
        w, m, v = s[0], s[1], source(t)
        limit = 1 - np.exp(min(-((1 - w) if v > 0 else w) / 1e-4, 3))
        room = 1 - np.exp(-(1 - m) / 1e-4)
        return [la * np.exp(eps * w) * np.sinh(rw * v) * limit - (w - w0) * (1 / tl + sig * m / ts),
                la * np.sinh(rm * abs(v)) * room - (m - m0) * m / ts]
    t, s = integrate(rate, [0.001, 0.001], marks(6.0, 0.5), [1.0, 1e-2])
    write("mem_wox_du", SCIPY, {"time": t, "@y1[w]": s[0], "@y1[m]": s[1], "i(v1)": -film(s[0], source(t), 2e-7, 2.1, 1e-4, 1.35)})


# --- waveforms of other programs -------------------------------------------------------------------------------

def given(folder):
    for name, deck, state in [("hp_biolek", "mem_hp_biolek", "x"), ("yakopcic", "mem_yakopcic", "x"), ("vteam_hardbound", "mem_vteam_bound", "w")]:
        with open(pathlib.Path(folder) / f"{name}.csv") as file:
            rows = list(csv.reader(file))[1:]
        t, _, i, x = np.array(rows, dtype=float).T[:4]
        write(deck, "independent solver split at crossings and thresholds, explicit 8th order, rtol=1e-12, thinned",
              {"time": t, f"@y1[{state}]": x, "i(v1)": -i})


def all_references():
    ion_drift()
    kvatinsky()
    generalised()
    piecewise()
    tungsten()


if __name__ == "__main__":
    all_references()
    options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    if "--given" in options:
        given(options["--given"])
