"""Diodes, transistors, behavioural oscillators, memristors and op-amps: closed forms and scipy integrations."""

import csv
import pathlib

import numpy as np
from scipy.optimize import brentq, fsolve
from scipy.special import lambertw

from .tools import Q_OVER_K, integrate, linear, pulse, pwl, rising_period, tone, write

VT = 300.15 / Q_OVER_K
SCIPY = "scipy solve_ivp, rtol=1e-10"


def interp(points):
    t, v = np.array(points, dtype=float).T
    return lambda x: np.interp(x, t, v)


# --- diodes ----------------------------------------------------------------------------------------------------

def diode_current(v, r, i_s, nvt):
    """Current of a diode in series with r under the voltage v (Lambert W, in logarithms where it overflows)."""
    v = np.asarray(v, dtype=float)
    exponent = np.log(i_s * r / nvt) + (v + i_s * r) / nvt
    w = np.where(exponent < 500, lambertw(np.exp(np.minimum(exponent, 500))).real, 0)
    big = exponent >= 500
    if np.any(big):
        y = exponent - np.log(np.maximum(exponent, 1))
        for _ in range(40):
            y = y - (y + np.log(np.maximum(y, 1e-300)) - exponent) / (1 + 1 / y)
        w = np.where(big, y, w)
    return nvt / r * w - i_s


def diodes():
    v = np.arange(-20, 51) * 0.1
    i = diode_current(v, 105.0, 2e-14, 1.2 * VT)
    write("diode_dc", "closed form: Lambert W", {"v(v-sweep)": v, "v(out)": v - 100 * i, "i(v1)": -i})

    i = np.arange(41) * 50e-6
    nvt = 1.1 * VT
    out = [brentq(lambda v: v / 10e3 + 5e-15 * (np.exp(v / 2 / nvt) - 1) - x, -1, 3, xtol=1e-14) for x in i]
    write("dc_current", "closed form: root of the static equation", {"i(i-sweep)": i, "v(out)": out})

    celsius = np.arange(-4, 13) * 10.0
    t, t0 = celsius + 273.15, 300.15
    vt, ratio = t / Q_OVER_K, t / t0
    i_s = 2e-14 * np.exp((ratio - 1) * 1.11 / vt + 3 * np.log(ratio))
    write("diode_temperature", "closed form: logarithm with is(T)", {"temp-sweep": celsius, "v(out)": vt * np.log(1e-3 / i_s + 1)})

    # only one of the antiparallel diodes conducts; the other adds its saturation current
    t = np.linspace(0, 2e-3, 4001)
    u = 5 * np.sin(2 * np.pi * 1e3 * t)
    nvt = 1.5 * VT
    out = np.array([brentq(lambda y: (x - y) / 1e3 - 2e-14 * np.sinh(y / nvt), -3, 3, xtol=1e-14) for x in u])
    write("diode_clipper", "closed form: root of the static equation", {"time": t, "v(out)": out, "i(v1)": (out - u) / 1e3})

    def rate(t, x):
        return [(diode_current(10 * np.sin(2 * np.pi * 50 * t) - x[0], 0.5, 1e-12, 1.1 * VT) - x[0] / 1e3) / 100e-6]
    t, x = integrate(rate, [0.0], np.arange(0, 11) * 10e-3, [1.0], count=10000)
    write("rectifier", SCIPY, {"time": t, "v(out)": x[0]})

    # i = dq/dt with q = 2 cj vj (sqrt(1 + v/vj) - 1) in reverse; the 1 G resistor takes v/1e9
    source = interp(pulse(0, 1e-6, 0.1e-6, 1e-9, 1e-9, 1, 2, 50e-6))

    def charge(t, x):
        v = max(x[0], -0.3)
        return [(source(t) - x[0] / 1e9) / (10e-12 / np.sqrt(1 + v / 0.8))]
    # D1 out 0 conducts forward for positive v(out); the source pulls the node down, so its reverse voltage is -v(out)
    t, x = integrate(charge, [0.0], [0, 0.1e-6, 0.101e-6, 50e-6], [1.0])
    write("varactor", SCIPY, {"time": t, "v(out)": -x[0]})


# --- transistors -----------------------------------------------------------------------------------------------

class Mos:
    """Shichman-Hodges transistor, kp already times w/l."""

    def __init__(self, beta, vto, lam=0.0, gamma=0.0, phi=0.6, sign=1.0):
        self.beta, self.vto, self.lam, self.gamma, self.phi, self.sign = beta, sign * vto, lam, gamma, phi, sign

    def __call__(self, d, g, s, b=None):
        """Current into the drain."""
        d, g, s, b = (self.sign * v for v in (d, g, s, s if b is None else b))
        if d < s:
            return -self.sign * self.forward(s - d, g - d, b - d)
        return self.sign * self.forward(d - s, g - s, b - s)

    def forward(self, vds, vgs, vbs):
        root = np.sqrt(self.phi - vbs) if vbs <= 0 else max(0.0, np.sqrt(self.phi) - vbs / (2 * np.sqrt(self.phi)))
        vgst = vgs - (self.vto + self.gamma * (root - np.sqrt(self.phi)))
        if vgst <= 0:
            return 0.0
        x = min(vds, vgst)
        return self.beta * (1 + self.lam * vds) * x * (vgst - x / 2)


def transistors():
    nm = Mos(100e-6 * 10, 0.7, 0.03)
    rows = [(vd, vg) for vg in range(5) for vd in np.arange(-2, 26) * 0.2]
    junction = [1e-14 * (np.exp(max(-vd, 0) / VT) - 1) if vd < 0 else 0.0 for vd, _ in rows]
    i = [nm(vd, vg, 0.0) - j for (vd, vg), j in zip(rows, junction)]
    write("nmos_output", "closed form: Shichman-Hodges", {"v(v-sweep)": [r[0] for r in rows], "i(vd)": -np.array(i)})

    nm = Mos(150e-6 * 10, 0.5, 0.02, 0.45, 0.7)
    rows = [(vg, vb) for vb in range(-3, 1) for vg in np.arange(31) * 0.1]
    i = [nm(2.0, vg, 0.0, vb) for vg, vb in rows]
    write("nmos_body", "closed form: Shichman-Hodges", {"v(v-sweep)": [r[0] for r in rows], "i(vd)": -np.array(i)})

    pm = Mos(40e-6 * 20, -0.8, 0.05, sign=-1.0)
    v = np.arange(51) * 0.1
    out = [brentq(lambda y: pm(y, vg, 5.0) + y / 5e3, -1, 6, xtol=1e-14) for vg in v]
    write("pmos_dc", "closed form: root of the static equation", {"v(v-sweep)": v, "v(out)": out})

    nm = Mos(120e-6 * 50, 0.6, 0.02, 0.5, 0.65)
    v = 0.2 + np.arange(49) * 0.1
    out = [brentq(lambda y: nm(5.0, vg, y, 0.0) - y / 10e3, -1, 5, xtol=1e-14) for vg in v]
    write("source_follower", "closed form: root of the static equation", {"v(v-sweep)": v, "v(out)": out})

    nm, pm = Mos(120e-6 * 2, 0.6, 0.04), Mos(45e-6 * 5, -0.65, 0.06, sign=-1.0)
    v = np.arange(67) * 0.05
    # the junctions and gmin fix the output where one transistor is off
    out = [brentq(lambda y: nm(y, vi, 0.0) + pm(y, vi, 3.3) + 1e-12 * (2 * y - 3.3), -0.1, 3.4, xtol=1e-14) for vi in v]
    write("cmos_vtc", "closed form: root of the static equation", {"v(v-sweep)": v, "v(out)": out})

    nm, pm = Mos(120e-6 * 8, 0.6, 0.04), Mos(45e-6 * 20, -0.65, 0.06, sign=-1.0)
    corners = pulse(0, 3.3, 1e-9, 0.5e-9, 0.5e-9, 9e-9, 20e-9, 20e-9)
    vin = interp(corners)
    t, x = integrate(lambda t, x: [-(nm(x[0], vin(t), 0.0) + pm(x[0], vin(t), 3.3)) / 1e-12], [3.3],
                     [0, 1e-9, 1.5e-9, 10.5e-9, 11e-9, 20e-9], [1.0])
    write("inverter_load", SCIPY, {"time": t, "v(out)": x[0]})

    nm = Mos(100e-6 * 3, 0.7, 0.01, 0.4, 0.6)
    vin = interp(pulse(0, 5, 2e-9, 1e-9, 1e-9, 48e-9, 100e-9, 100e-9))
    t, x = integrate(lambda t, x: [nm(vin(t), 5.0, x[0], 0.0) / 0.2e-12], [0.0], [0, 2e-9, 3e-9, 51e-9, 52e-9, 100e-9], [1.0])
    write("pass_gate", SCIPY, {"time": t, "v(out)": x[0]})

    nm = Mos(50e-6 * 10, 1.0, 0.01)

    def node(a, b):
        return (5 - a) / 20e3 - nm(a, b, 0.0)
    a, b = fsolve(lambda x: [1e4 * node(x[0], x[1]), 1e4 * node(x[1], x[0])], [5, 0.2], xtol=1e-13)
    write("latch_nodeset", "closed form: root of the static equations", {"v(a)": a, "v(b)": b})
    pull = interp(pulse(0, 0.4e-3, 20e-9, 1e-9, 1e-9, 10e-9, 1, 60e-9))
    t, x = integrate(lambda t, x: [(node(x[0], x[1]) - pull(t)) / 1e-13, node(x[1], x[0]) / 1e-13], [4.9, 0.1],
                     [0, 20e-9, 21e-9, 31e-9, 32e-9, 60e-9], [1.0, 1.0])
    write("latch_flip", SCIPY, {"time": t, "v(a)": x[0], "v(b)": x[1]})


def gate_charge():
    """Meyer's capacitances at a held drain: the sum of the three sets the slope of the gate."""
    cox = 3.9 * 8.854214871e-12 / 10e-9 * 10e-6 * 1e-6
    vto, phi, vds = 0.6, 0.6, 1.0
    source = interp(pulse(0, 1e-6, 1e-9, 1e-11, 1e-11, 1, 2, 120e-9))

    def capacitance(vg):
        vgst = vg - vto
        if vgst <= -phi:
            return cox
        if vgst <= 0:
            return -vgst / phi * cox + (2 / 3 * cox * (1 + 2 * vgst / phi) if vgst > -phi / 2 else 0.0)
        if vgst <= vds:
            return 2 / 3 * cox
        both = (2 * vgst - vds)**2
        return 2 / 3 * cox * (1 - (vgst - vds)**2 / both) + 2 / 3 * cox * (1 - vgst**2 / both)
    t, x = integrate(lambda t, x: [(source(t) - x[0] / 1e9) / capacitance(x[0])], [-1.5], [0, 1e-9, 1.01e-9, 120e-9], [1.0])
    write("mos_gate_charge", SCIPY, {"time": t, "v(g)": x[0]})


def gate_edge():
    """(c + overlap) (vg' - v') = v/r + channel current; both directions of the drain-source voltage."""
    cox = 3.9 * 8.854214871e-12 / 5e-9 * 10e-6 * 0.18e-6
    overlap, vto, phi, r = 2e-15, 0.5, 0.6, 12e3
    channel = Mos(300e-6 * 10 / 0.18, vto, 0.02)
    corners = pulse(0, 1.8, 2e-9, 1e-8, 1e-8, 2e-8, 1e-7, 20e-9)
    gate = interp(corners)

    def drain_capacitance(vgs, vds):
        low = min(0.0, vds)  # the more negative side acts as the source
        vgst = vgs - low - vto
        full = cox * (2 / 3 + min(vgst, 0.0) / (0.75 * phi)) if vgst > -phi / 2 else 0.0
        vdsat, v = max(vgst, 0.025), abs(vds)
        if v >= vdsat:
            shares = 1.0, 0.0
        else:
            both = (2 * vdsat - v)**2
            shares = 1 - (vdsat - v)**2 / both, 1 - vdsat**2 / both
        return full * shares[1 if vds >= 0 else 0] + overlap

    def rate(t, x):
        slope = 0.18e9 if 2e-9 <= t < 12e-9 else 0.0
        c = drain_capacitance(gate(t), x[0])
        return [slope - (x[0] / r + channel(x[0], gate(t), 0.0)) / c]
    t, x = integrate(rate, [0.0], [0, 2e-9, 12e-9, 20e-9], [0.01])
    write("mos_gate_edge", SCIPY, {"time": t, "v(d)": x[0]})


# --- behavioural -----------------------------------------------------------------------------------------------

def behavioural():
    t = np.linspace(0, 5e-6, 8001)
    write("behavioural_nonlinear", "closed form: v0/(1 + v0 k t/C)", {"time": t, "v(out)": 5 / (1 + 5 * 1e6 * t)})

    def rate(t, x):
        v, i = x
        return [-(i + 2e-3 * (v**3 / 3 - v)) / 1e-9, v / 1e-3]
    t, x = integrate(rate, [0.5, 0.0], [0, 200e-6], [1.0, 1e-3], count=100000)
    write("van_der_pol", SCIPY, {"v(out)": [rising_period(t, x[0])]}, period="v(out)")


# --- memristors ------------------------------------------------------------------------------------------------

def memristors(shared):
    ron, roff, k, p = 100, 16e3, 1e-14 * 100 / 1e-16, 2

    def hp(t, x):
        return [k * np.sin(2 * np.pi * t) / (ron * x[0] + roff * (1 - x[0])) * (1 - (2 * x[0] - 1)**(2 * p))]
    t, x = integrate(hp, [0.2], np.arange(9) * 0.25, [1.0], method="DOP853")
    write("memristor_hp", SCIPY, {"time": t, "v(x)": x[0], "i(v1)": -np.sin(2 * np.pi * t) / (ron * x[0] + roff * (1 - x[0]))})

    corners = [(0, 0), (0.1e-6, 0), (0.12e-6, 0.9), (0.5e-6, 0.9), (0.52e-6, -0.7), (0.9e-6, -0.7), (0.92e-6, 0.5), (1.2e-6, 0.5)]
    u = interp(corners)

    def cell(w):
        return 20e3 - 16e3 * w

    def soft(t, x):
        v = u(t) * cell(x[0]) / (cell(x[0]) + 2e3)
        if v > 0.35:
            return [1e6 * 20 * (v / 0.35 - 1)**3 * (1 - x[0]) * (x[0] < 1)]
        return [1e6 * -40 * (v / -0.3 - 1)**3 * x[0] if v < -0.3 else 0.0]

    t, x = integrate(soft, [0.3], [c[0] for c in corners], [1.0], method="DOP853", count=20000)
    i = u(t) / (cell(x[0]) + 2e3)
    write("memristor_vteam_b", SCIPY, {"time": t, "v(a)": u(t) - 2e3 * i, "v(x1.w)": x[0], "i(v1)": -i})

    vteam_sine(shared)
    corners = [(0, 0), (10e-9, 0), (20e-9, 0.8), (200e-9, 0.8), (220e-9, -0.9), (420e-9, -0.9), (430e-9, 0.1), (500e-9, 0.1)]
    drive = interp(corners)

    def resistance(x):
        return 10e3 - 9e3 * x

    def hard(t, s):
        x = min(max(s[0], 0.0), 1.0)
        v = drive(t) * resistance(x) / (resistance(x) + 1e3)
        if v > 0.2:
            return [-2e-3 / 3e-9 * (v / 0.2 - 1)**2 if s[0] > 0 else 0.0]
        return [2e-3 / 3e-9 * (v / -0.2 - 1)**2 if v < -0.2 and s[0] < 1 else 0.0]
    t, x = integrate(hard, [1 - 2 / 9], [c[0] for c in corners], [1.0], method="DOP853", count=20000)
    i = drive(t) / (resistance(x[0]) + 1e3)
    write("vteam_pulses", SCIPY, {"time": t, "v(te)": drive(t) - 1e3 * i, "i(v1)": -i})


def vteam_sine(shared):
    """w is an exact time integral of the drive, clipped; compared with the project's reference waveform when it is at hand."""
    t = np.linspace(0, 600e-9, 600001)
    v = np.sin(2 * np.pi * 5e6 * t)
    speed = np.where(v > 0.02, 5e-4 * (v / 0.02 - 1), np.where(v < -0.2, -10 * (np.abs(v) / 0.2 - 1)**3, 0.0))
    step = (speed[1:] + speed[:-1]) / 2 * (t[1] - t[0])
    w = np.zeros_like(t)
    for k, d in enumerate(step):
        w[k + 1] = min(max(w[k] + d, 0.0), 3e-9)
    i = v / (50 + 950 * w / 3e-9)
    if shared and pathlib.Path(shared).exists():
        with open(shared) as file:
            rows = np.array([[float(c) for c in row] for row in list(csv.reader(file))[1:]])
        print("vteam_sine against the reference file:", np.abs(np.interp(rows[:, 0], t, i) - rows[:, 2]).max() / np.ptp(i))
    write("vteam_sine", "closed form: clipped time integral", {"time": t[::20], "i(v1)": -i[::20]})


# --- op-amps ---------------------------------------------------------------------------------------------------

def opamps():
    """C of the pole node is 1 in these units: vp' = wg (vp_in) - wg/a0 vp with wg = 2 pi gbw."""
    exact = "closed form: matrix exponential of the single-pole amplifier"
    wg, a0 = 2 * np.pi * 1e7, 1e5
    # inn = (vin r2 + out r1)/(r1 + r2); rout = 1 mohm is left out
    a, b = -wg * (1 / 11 + 1 / a0), -wg * 10 / 11
    t, x, u = linear([[a]], [b], [0], [tone(0, 2 * np.pi * 100e3, 0, 0.1)], 40e-6)
    write("opamp_inverting", exact, {"time": t, "v(out)": x[0], "v(inn)": (10 * u[0] + x[0]) / 11})

    wg, a0, rout, rf, cf, ci = 2 * np.pi * 5e7, 1e4, 10.0, 10e3, 1e-12, 5e-12
    # states: vp, v(inn), vf = v(inn) - v(out); (vp - out)/rout + vf/rf + cf vf' = 0, i - ci inn' = vf/rf + cf vf'
    # the current through the feedback network is jf = (out - vp)/rout
    def jf(vp, inn, vf):
        return (inn - vf - vp) / rout
    rows = []
    for unit in np.eye(3):
        vp, inn, vf = unit
        j = jf(vp, inn, vf)
        rows.append([-wg * inn - wg / a0 * vp, -j / ci, (j - vf / rf) / cf])
    a = np.array(rows).T
    t, x, _ = linear(a, [0, 1 / ci, 0], [0, 0, 0], pwl(pulse(0, -10e-6, 0.5e-6, 1e-8, 1e-8, 20e-6, 50e-6, 8e-6)), 8e-6)
    write("opamp_tia", exact, {"time": t, "v(out)": x[1] - x[2], "v(inn)": x[1]})

    wg, a0, sr = 2 * np.pi * 5e6, 1e6, 1e6
    corners = pulse(-2, 2, 1e-6, 1e-8, 1e-8, 8e-6, 20e-6, 18e-6)
    vin = interp(corners)
    gain = 1e5 / (1e5 + 1)  # rout 1 ohm into 100 kohm; the current of inn is nil

    def follow(t, x):
        return [sr * np.tanh(wg * (vin(t) - gain * x[0]) / sr) - wg / a0 * x[0]]
    x0 = brentq(lambda y: follow(0, [y])[0], -3, 3, xtol=1e-15)
    t, x = integrate(follow, [x0], [0, 1e-6, 1.01e-6, 9.01e-6, 9.02e-6, 18e-6], [1.0], count=10000)
    write("opamp_slew", SCIPY, {"time": t, "v(out)": gain * x[0]})

    # static: sr tanh(wg vd/sr) = wg/a0 vp + clamp(vp), in units of the pole capacitance
    wg, a0, sr, soft, high, low = 2 * np.pi * 1e6, 1e5, 1e6, 0.02, 2.5, -1.5
    knee = soft * np.log(np.e - 1)

    def excess(vp, u):
        out = (vp * 11e3 + u * 10.0) / 11010.0  # rout 10 in series with r1 + r2 to the source
        inn = (10 * u + out) / 11
        clamp = np.logaddexp(0, (vp - high + knee) / soft) - np.logaddexp(0, (low + knee - vp) / soft)
        return np.tanh(-wg * inn / sr) - clamp - wg / a0 / sr * vp
    v = np.arange(-25, 26) * 0.02
    vp = np.array([brentq(excess, -3, 4, args=(u,), xtol=1e-14) for u in v])
    write("opamp_rails", "closed form: root of the static equation", {"v(v-sweep)": v, "v(out)": (vp * 11e3 + v * 10) / 11010})

    a0, vos, rout = 5e4, 2e-3, 75.0
    i_p, i_n = 50e-9 + 5e-9, 50e-9 - 5e-9
    # unknowns inp, inn, out; vp = a0 (inp - inn + vos)
    m = np.array([[1e-3, 0, 0], [0, 1 / 10e3 + 1 / 100e3, -1 / 100e3],
                  [-a0 / rout, a0 / rout - 1 / 100e3, 1 / rout + 1 / 100e3 + 1 / 2e3]])
    x = np.linalg.solve(m, [-i_p, 0.01 / 10e3 - i_n, a0 * vos / rout])
    write("opamp_offset", "closed form: linear equations", {"v(inp)": x[0], "v(inn)": x[1], "v(out)": x[2]})

    wg, a0, rout, r, c, r2 = 2 * np.pi * 1e7, 1e5, 50.0, 10e3, 1e-9, 50e3
    # states vp, vc = inn - out; jf = (out - vp)/rout = (u - inn)/r, out = inn - vc
    def nodes(vp, vc, u):
        inn = (u / r + (vp + vc) / rout) / (1 / r + 1 / rout)
        return inn, (u - inn) / r
    rows = []
    for vp, vc, u in np.eye(3):
        inn, j = nodes(vp, vc, u)
        rows.append([-wg * inn - wg / a0 * vp, (j - vc / r2) / c])
    a, b = np.array(rows[:2]).T, np.array(rows[2])
    pieces = pwl(pulse(-1, 1, 0, 0.1e-6, 0.1e-6, 9.9e-6, 20e-6, 100e-6))
    x0 = -np.linalg.solve(a, b * -1.0)
    t, x, u = linear(a, b, x0, pieces, 100e-6)
    inn, _ = nodes(x[0], x[1], u[0])
    write("opamp_integrator", exact, {"time": t, "v(out)": inn - x[1]})


def all_references(shared=None):
    diodes()
    transistors()
    gate_charge()
    gate_edge()
    behavioural()
    memristors(shared)
    opamps()
