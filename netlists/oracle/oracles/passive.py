"""Passive elements, transmission lines, controlled and behavioural sources."""

import numpy as np

from .tools import integrate, linear, pulse, pwl, simulated, tone, write

PI = np.pi
MU0, EPS0 = 4e-7 * PI, 8.8541878128e-12


# --- tools -----------------------------------------------------------------------------------------------------

def corners(points, stop):
    """Times and values of a piecewise linear input, clipped to `stop`."""
    t, v = np.array(points, dtype=float).T
    return t, v


def inverse_laplace(transfer, points, stop, count=2**21, samples=4000):
    """Response to a piecewise linear input that starts at zero: Fourier series of the Bromwich integral."""
    t, v = corners(points, stop)
    slopes = np.diff(v) / np.diff(t)
    changes = np.diff(np.concatenate([[0], slopes, [0]]))
    period = 2.5 * stop
    sigma = np.log(1e10) / period
    omega = 2 * PI / period * np.arange(count // 2 + 1)
    s = sigma + 1j * omega
    u = sum(c * np.exp(-s * at) for at, c in zip(t, changes) if c != 0) / s**2
    f = np.fft.irfft(np.conj(np.conj(transfer(s) * u)), count) * count / period
    at = period / count * np.arange(count)
    keep = at <= stop
    y = f[keep] * np.exp(sigma * at[keep])
    pick = np.unique(np.concatenate([np.linspace(0, keep.sum() - 1, samples).astype(int),
                                     np.searchsorted(at[keep], t[t <= stop])]))
    pick = pick[pick < keep.sum()]
    return at[keep][pick], y[pick]


def two_port(y11, y12, ys, yl):
    """Voltages at both ends of a symmetric line behind a source admittance, per source voltage."""
    det = (y11 + ys) * (y11 + yl) - y12 * y12
    return ys * (y11 + yl) / det, -ys * y12 / det


def line(s, r, l, g, c, length):
    z, y = (r + s * l) * length, (g + s * c) * length
    theta = np.sqrt(z * y)
    p = np.exp(-theta)
    return theta / z * (1 + p * p) / (1 - p * p), -2 * theta / z * p / (1 - p * p)


def lossy(deck, rlgc, length, points, stop, rs, load):
    transfer = lambda end: lambda s: two_port(*line(s, *rlgc, length), 1 / rs, load(s))[end]
    columns = {}
    for end, name in enumerate(["v(a)", "v(b)"]):
        columns["time"], columns[name] = inverse_laplace(transfer(end), points, stop)
    write(deck, "numerical inverse Laplace transform of the line's two-port", columns)


# --- values ----------------------------------------------------------------------------------------------------

def values():
    strip = 50 * (30e-6 - 0.6e-6) / (2e-6 - 1e-6)
    wide = 50 * (30e-6 - 0.6e-6) / (5e-6 - 1e-6)
    r = [1e3 * (1 + 2e-3 * 50 + 3e-6 * 2500), 1e3 * 1.01**20, strip * 1.01, wide * 1.01 * 3 / 2, 500]
    write("res_parameters", "closed form",
          {f"@r{k + 1}[i]": 1 / x for k, x in enumerate(r)} | {"@r5[resistance]": 500, "v(a)": 1})
    c = 3.9 * EPS0 / 10e-9 * (40e-6 - 0.2e-6) * (100e-6 - 0.2e-6) * 2 * 1.5 * 1.1
    tau = 1e5 * c
    t, x, _ = linear([[-1 / tau]], [1 / tau], [0], pwl(pulse(0, 1, 1e-6, .1e-6, .1e-6, 20e-6, 50e-6, 40e-6)), 40e-6)
    write("cap_model", "closed form: exact response of one pole", {"time": t, "v(out)": x[0]})
    x = 0.4
    f1 = (1 + 0.383901 * x**2 + 0.017108 * x**4) / (1 + 0.258952 * x**2)
    turn = MU0 * 2 * PI * 0.004**2 / 4 / 0.01 * (f1 - 4 * x / (3 * PI)) * 1.0
    l1, l2 = turn * 1e4 * 1.1, turn * 2500 / 2
    l = l1 * l2 / (l1 + l2)
    t, x, u = linear([[-10 / l]], [1 / l], [0], pwl(pulse(0, 1, 1e-6, .1e-6, .1e-6, 100e-6, 200e-6, 80e-6)), 80e-6)
    write("ind_model", "closed form: Lundin's formula, exact response of one pole", {"time": t, "v(out)": u[0] - 10 * x[0]})
    v = np.linspace(-5, 5, 101)
    i1 = v / (1e3 * (1 + 0.1 * v * v))
    i2 = 2 * v / (2e3 + 1e5 * i1)
    write("res_behavioural", "closed form", {"v(v-sweep)": v, "i(v2)": i1, "i(v3)": i2, "i(v4)": v / (1.1e3 * 1.1)})
    write("poly_constant", "closed form", {"v(e1)": 5, "v(e2)": 5, "v(e3)": 10, "v(e4)": 10})


def currents_and_temperatures():
    # x = voltages of C1 and C2 (4 nF)
    a = np.array([[-(1e-3 + 0.5e-3) / 1e-9, 0.5e-3 / 1e-9], [0.5e-3 / 4e-9, -0.5e-3 / 4e-9]])
    t, x, u = linear(a, [[1e-3 / 1e-9], [0]], [0, 0], pwl(pulse(0, 1, 1e-6, .5e-6, .5e-6, 10e-6, 40e-6, 20e-6)), 20e-6)
    i1 = (u[0] - x[0]) / 1e3 - (x[0] - x[1]) / 2e3
    write("capacitor_current", "closed form: matrix exponential",
          {"time": t, "i(c1)": i1, "@c2[i]": (x[0] - x[1]) / 2e3, "@c1[p]": i1 * x[0], "v(b)": x[1]},
          tol=[f"{name}=4e-3 a derivative: its error is that of a step's voltage over the step, and first order after corners"
               for name in ("i(c1)", "@c2[i]", "@c1[p]")])
    celsius = np.linspace(-50, 150, 21)
    d = celsius - 27
    va = 1 + 2e-3 * d + 5e-6 * d * d
    write("temper_sweep", "closed form",
          {"temp-sweep": celsius, "v(a)": va, "v(b)": 1 + 2e-3 * (d + 10), "v(c)": 1.01**d, "v(d)": 1 + 1e-3 * d,
           "v(e)": celsius / 100 + va})


# --- charge and flux -------------------------------------------------------------------------------------------

def reactive():
    w = 2e4 * PI
    t, x = integrate(lambda t, x: [(2 * np.sin(w * t) - x[0]) / 1e3 / (10e-9 * (1 + 0.4 * np.tanh(x[0])))],
                     [0], [0, 200e-6], [1])
    write("cap_behavioural", "scipy Radau, rtol 1e-10", {"time": t, "v(b)": x[0]})
    points = [(0, -1), (5e-6, -1), (6e-6, 2), (66e-6, 2), (67e-6, -1), (150e-6, -1)]
    at, level = np.array(points).T
    t, x = integrate(lambda t, x: [(np.interp(t, at, level) - x[0]) / 1e3 / (5e-9 + 6e-9 * x[0]**2)],
                     [-1], list(at), [1])
    write("cap_charge", "scipy Radau, rtol 1e-10", {"time": t, "v(b)": x[0]})
    f = lambda t, i: [(5 * np.sin(w * t) - 10 * i[0]) / (5e-3 / np.cosh(5 * i[0])**2 + 20e-6)]
    t, x = integrate(f, [0], [0, 200e-6], [1])
    write("ind_flux", "scipy Radau, rtol 1e-10", {"time": t, "i(l1)": x[0], "v(b)": 5 * np.sin(w * t) - 10 * x[0]})
    f = lambda t, i: [(5 * np.sin(w * t) - 50 * i[0]) * (1 + 100 * i[0]**2) / 1e-3]
    t, x = integrate(f, [0], [0, 200e-6], [1])
    write("ind_behavioural", "scipy Radau, rtol 1e-10", {"time": t, "i(v2)": x[0], "v(b)": 5 * np.sin(w * t) - 50 * x[0]})
    k = 0.98
    root = np.sqrt([1e-3, 4e-3, 2e-3])
    m = np.outer(root, root) * (k + (1 - k) * np.eye(3))
    inverse = np.linalg.inv(m)
    r = np.diag([1, 100, 50])
    # m di/dt = v - r i
    t, x, u = linear(-inverse @ r, inverse @ [[1], [0], [0]], [0, 0, 0], [tone(0, w)], 300e-6)
    write("windings_one_k", "closed form: matrix exponential",
          {"time": t, "v(b)": u[0] - x[0], "v(c)": -100 * x[1], "v(d)": -50 * x[2]})
    # v2 = 2 v1, i1 = im + 2 v2/400, 10 i1 + v1 = u, v1 = L dim/dt
    a = 1 / (1 + 10 * 4 / 400)
    t, x, u = linear([[-10 * a / 1e-3]], [a / 1e-3], [0], [tone(0, w)], 200e-6)
    v1 = a * (u[0] - 10 * x[0])
    write("ideal_transformer", "closed form: one state", {"time": t, "v(b)": v1, "v(c)": 2 * v1})


# --- lossless lines --------------------------------------------------------------------------------------------

def lossless():
    dt = 1e-13
    points = [(0, 0), (1e-9, 0), (1.2e-9, 1), (5.2e-9, 1), (5.4e-9, 0), (30e-9, 0)]
    n = int(round(30e-9 / dt))
    t = dt * np.arange(n + 1)
    u = np.interp(t, *np.array(points).T)

    def loaded(z, delay, rs, r, c):
        d = int(round(delay / dt))
        w1, w2, va, vb = (np.zeros(n + 1) for _ in range(4))
        g, last = 1 / r + 1 / z, 0.0
        for k in range(n + 1):
            e1, e2 = (w2[k - d], w1[k - d]) if k >= d else (0.0, 0.0)
            va[k] = (u[k] / rs + e1 / z) / (1 / rs + 1 / z)
            vb[k] = (vb[k - 1] * (c / dt - g / 2) + (e2 + last) / (2 * z)) / (c / dt + g / 2) if k else 0.0
            last = e2
            w1[k], w2[k] = 2 * va[k] - e1, 2 * vb[k] - e2
        return va, vb

    va, vb = loaded(50, 2e-9, 25, 150, 2e-12)
    for deck in ("tline_reflections", "ltra_lc"):
        write(deck, "method of characteristics with steps of 0.1 ps", {"time": t, "v(a)": va, "v(b)": vb})
    points = [(0, 0), (1e-9, 0), (1.2e-9, 1), (11.2e-9, 1), (11.4e-9, 0), (30e-9, 0)]
    u = np.interp(t, *np.array(points).T)
    lines = [("a", "b", 50, 1e-9), ("b", "c", 75, 1.7e-9), ("b", "d", 60, 0.6e-9)]
    waves = {}
    v = {name: np.zeros(n + 1) for name in "abcd"}
    for p, q, z, delay in lines:
        waves[p, q], waves[q, p] = np.zeros(n + 1), np.zeros(n + 1)
    for k in range(n + 1):
        arriving = {}
        for p, q, z, delay in lines:
            d = int(round(delay / dt))
            arriving[p, q] = waves[q, p][k - d] if k >= d else 0.0
            arriving[q, p] = waves[p, q][k - d] if k >= d else 0.0
        for name, source, g in (("a", u[k] / 50, 1 / 50), ("b", 0, 0), ("c", 0, 1 / 75), ("d", 0, 0)):
            for p, q, z, delay in lines:
                if name in (p, q):
                    source += arriving[name, q if name == p else p] / z
                    g += 1 / z
            v[name][k] = source / g
        for p, q, z, delay in lines:
            waves[p, q][k] = 2 * v[p][k] - arriving[p, q]
            waves[q, p][k] = 2 * v[q][k] - arriving[q, p]
    write("tline_cascade", "method of characteristics with steps of 0.1 ps", {"time": t} | {f"v({k})": x for k, x in v.items()})
    t = np.linspace(0, 60e-9, 60001)
    sine = lambda t: np.where(t > 0, np.sin(2e8 * PI * t), 0)
    td, z, rs, rl = 3e-9, 75, 50, 30
    near, far, step = (rs - z) / (rs + z), (rl - z) / (rl + z), z / (z + rs)
    va, vb = step * sine(t), 0 * t
    wave, k = step, 0
    for k in range(20):
        vb = vb + wave * (1 + far) * sine(t - (2 * k + 1) * td)
        wave *= far
        va = va + wave * (1 + near) * sine(t - (2 * k + 2) * td)
        wave *= near
    write("tline_wavelength", "closed form: sum of reflections", {"time": t, "v(a)": va, "v(b)": vb})
    t = np.unique(np.concatenate([np.linspace(0, 50e-9, 2001)] + [[x * (1 - 1e-7), x * (1 + 1e-7)] for x in (10e-9, 20e-9)]))
    # With uic the first row is what was given; at a jump there is no value.
    t = np.array([x for x in t[1:] if min(abs(x - 10e-9), abs(x - 20e-9)) > 1e-12])
    write("tline_charged", "closed form: a pulse of twice the delay",
          {"time": t, "v(a)": np.where(t < 20e-9, 1.0, 0.0), "v(b)": np.where(t < 10e-9, 2.0, 0.0)})
    t = np.linspace(0, 10e-9, 10001)
    u = lambda t: np.interp(t, [0, 1e-9, 1.1e-9], [0, 0, 1])
    write("tline_coax", "closed form: matched ends",
          {"time": t, "v(a)": u(t) / 2, "v(b)": u(t - 1e-9) / 4, "v(c)": -u(t - 1e-9) / 4})


# --- lossy lines -----------------------------------------------------------------------------------------------

def with_losses():
    step = [(0, 0), (1e-9, 0), (1.2e-9, 1), (60e-9, 1)]
    lossy("ltra_rlc", (25, 250e-9, 0, 100e-12), 1, step, 60e-9, 20, lambda s: 1 / 500)
    lossy("ltra_rlgc", (10, 250e-9, 2e-3, 100e-12), 2,
          [(0, 0), (1e-9, 0), (1.2e-9, 1), (6.2e-9, 1), (6.4e-9, 0), (60e-9, 0)], 60e-9, 50, lambda s: 1 / 50)
    lossy("ltra_high_loss", (500, 250e-9, 0, 100e-12), 1,
          [(0, 0), (1e-9, 0), (1.5e-9, 1), (101.5e-9, 1), (102e-9, 0), (200e-9, 0)], 200e-9, 50, lambda s: s * 5e-12)
    lossy("ltra_rc", (1e3, 0, 0, 10e-12), 1,
          [(0, 0), (1e-9, 0), (1.1e-9, 1), (21.1e-9, 1), (21.2e-9, 0), (60e-9, 0)], 60e-9, 100, lambda s: s * 1e-12)
    y11, y12 = line(0.0, 100, 0, 2e-3, 0, 3)
    a, b = two_port(y11, y12, 1 / 50, 1 / 200)
    write("ltra_rg", "closed form", {"v(s)": 1, "v(a)": a, "v(b)": b})


# --- transfer functions ----------------------------------------------------------------------------------------

def transfer_functions():
    points = [(0, 0), (1e-3, 0), (1.1e-3, 1), (9.1e-3, 1), (9.2e-3, 0), (20e-3, 0)]
    filters = {
        "v(o1)": lambda s: 1 / (1 + s * 1e-3),
        "v(o2)": lambda s: 2 / (1 + 1e-3 * s + 0.5e-6 * s * s),
        "v(o3)": lambda s: 1 / (1 + 1.414e-3 * s + 1e-6 * s * s),
        "v(o4)": lambda s: s / (s + 500),
        "v(o5)": lambda s: 1e6 / ((s + 300)**2 + (2 * PI * 150)**2),
    }
    columns = {}
    for name, h in filters.items():
        columns["time"], columns[name] = inverse_laplace(h, points, 20e-3)
    write("laplace_lowpass", "numerical inverse Laplace transform", columns)
    control = lambda s: 4 + 60 / s + 0.05 * s / (1 + 1e-3 * s)
    plant = lambda s: 1 / ((1 + 0.05 * s) * (1 + 0.01 * s))
    points = [(0, 0), (10e-3, 0), (11e-3, 1), (211e-3, 1), (212e-3, 0), (300e-3, 0)]
    t, y = inverse_laplace(lambda s: control(s) * plant(s) / (1 + control(s) * plant(s)), points, 0.3)
    _, u = inverse_laplace(lambda s: control(s) / (1 + control(s) * plant(s)), points, 0.3)
    write("laplace_pid", "numerical inverse Laplace transform of the closed loop", {"time": t, "v(y)": 1 + y, "v(u)": 1 + u})
    t = np.linspace(0, 15e-3, 15001)
    u = lambda t: np.interp(t, [1e-3, 1.1e-3, 4.1e-3, 4.2e-3], [0, 1, 1, 0])
    points = [(0, 0), (1e-3, 0), (1.1e-3, 1), (4.1e-3, 1), (4.2e-3, 0), (15e-3, 0)]
    at, y = inverse_laplace(lambda s: 2 / (1 + 0.5e-3 * s), points, 15e-3)
    passed = lambda t: np.interp(t, at, y) - u(t)
    write("laplace_delay", "numerical inverse Laplace transform, and delays by definition",
          {"time": t, "v(o1)": passed(t - 2e-3), "v(o2)": u(t - 1.5e-3), "v(o3)": 2 * u(t - 1e-3), "v(o4)": u(t - 2e-3) * u(t)})
    t = np.linspace(0, 3e-3, 6001)[1:]  # a derivative is zero at an operating point
    w = 2e3 * PI
    v = 0.5 + np.sin(w * t)
    dv = w * np.cos(w * t)
    write("ddt_idt", "closed form", {"time": t, "v(o1)": 1e3 * (0.2 + 0.5 * t + (1 - np.cos(w * t)) / w),
                                     "v(o2)": 1e-4 * dv, "v(o3)": 1e-4 * 2 * v * dv})


# --- forms of sources ------------------------------------------------------------------------------------------

def forms():
    a, b = np.linspace(0, 1, 51), 0.6
    low, high = np.minimum(a, b), np.maximum(a, b)
    gate = lambda x, y0, y1: np.interp(x, [0.2, 0.8], [y0, y1])
    write("gates", "closed form: linear interpolation",
          {"v(v-sweep)": a, "v(e1)": gate(low, 0, 5), "v(e2)": gate(high, 0, 5), "v(e3)": gate(low, 5, 0),
           "v(e4)": gate(high, 1, 0), "v(e5)": np.interp(2 * a - b, [-1, 0, 1], [0, 1, 3]),
           "v(e6)": np.interp(a - b, [-0.5, 0, 0.5], [-1, 0, 3])})
    v = np.linspace(-1, 1, 21)
    i = -v / 1e3
    # h8 carries i(v1), which f4 does not load
    write("source_forms", "closed form",
          {"v(v-sweep)": v, "v(e1)": np.clip(10 * v, -3, 5), "v(e2)": np.abs(2 * v), "v(e3)": 6e-3 * v * 100,
           "v(e4)": 2 * 2 * i * 1e3, "v(e5)": 0.5 * v * v, "v(e6)": 2 * v * (1 + 0.1 + 0.1), "v(e7)": 3 * 2 * v / 1.1,
           "v(e8)": 1 + 2000 * i})
    # b: i = (2 - v)(3 2 (2 m) + 3 2 1m) + 3 1m 2 - .. ; G1 is controlled by v(a), as p is node a
    one = 2e-3
    vb = (3 * 2 * one * 2 + 3 * 2 * 1e-3 * 2 + 3 * 1e-3 * 2 + 3 * 1e-3) / (1 + 3 * 2 * one)
    vc = (2 * one * 2 + 2 * 1e-3 * 2) / (1 + 2 * one)
    write("multipliers", "closed form", {"v(b)": vb, "v(c)": vc})
    points, t = [(0, 0)], 1e-6
    for _ in range(3):
        points += [(t, 0), (t + .1e-6, 1), (t + 1.1e-6, 1), (t + 1.2e-6, 0)]
        t += 3e-6
    t, x, u = linear([[-2e6]], [2e6], [0], pwl(points + [(15e-6, 0)]), 15e-6)
    write("pulse_count", "closed form: exact response of one pole", {"time": t, "v(in)": u[0], "v(out)": x[0]})
    x = -1.98 + 0.1 * np.arange(41)
    unit = np.where(x > 0, 1.0, 0.0)
    power = np.abs(x)**3
    write("functions_dc", "closed form: the functions' definitions",
          {"v(v-sweep)": x, "v(b1)": unit + 2 * np.maximum(x, 0) + np.clip(x, 0, 1),
           "v(b2)": np.sign(x) * np.sqrt(np.abs(x)) + np.floor(2 * x),
           "v(b3)": np.where(x < 0, x + 1, 1 + 3 * x),
           "v(b4)": np.where(x > 0.33, np.sin(x), np.cosh(x)),
           "v(b5)": np.minimum(x, 0.55) * np.maximum(x, -0.25) + np.arctan2(x, 2),
           "v(b6)": power + np.sign(x) * x * x + np.exp(-x) + np.log10(x * x + 1)})


# --- small signals ---------------------------------------------------------------------------------------------

def response(deck, f, signals, oracle="closed form"):
    parts = {}
    for name, value in signals.items():
        parts[name + ".re"], parts[name + ".im"] = np.real(value) + 0 * f, np.imag(value) + 0 * f
    write(deck, oracle, {"frequency": f} | parts)


def small_signals():
    f = np.linspace(1e6, 401e6, 101)
    s = 2j * PI * f
    z, td = 50, 5e-9
    y11, y12 = 1 / (z * np.tanh(s * td)), -1 / (z * np.sinh(s * td))
    a, b = two_port(y11, y12, 1 / 25, 1 / 150)
    response("ac_tline", f, {"v(a)": a, "v(b)": b, "i(t1)": (1 - a) / 25})
    f = 1e4 * 10**(np.arange(51) / 10)
    s = 2j * PI * f
    a, b = two_port(*line(s, 25, 250e-9, 1e-3, 100e-12, 2), 1 / 50, 1 / 200)
    c, d = two_port(*line(s, 1e3, 0, 0, 10e-12, 1), 1 / 100, s * 1e-12)
    e, g = two_port(*line(s, 0, 250e-9, 0, 100e-12, 2), 1 / 30, 1 / 80)
    response("ac_ltra", f, {"v(a)": a, "v(b)": b, "v(c)": c, "v(d)": d, "v(e)": e, "v(f)": g})
    f = 10 * 10**(np.arange(41) / 10)
    s = 2j * PI * f
    decades = np.log10(f)
    size = np.interp(decades, [1, 3, 5], [0, -20, -60])
    phase = np.radians(np.interp(decades, [1, 3, 5], [0, -90, -180]))
    response("ac_laplace", f, {
        "v(o1)": 1 / (1 + s * 1e-3 / 6.28), "v(o2)": np.exp(-s * 0.2e-3) / (1 + 1.414e-3 * s + 1e-6 * s * s),
        "v(o3)": 1 / (1 + np.sqrt(s / 1000)), "v(o4)": 10**(size / 20) * np.exp(1j * phase),
        "v(o5)": 2 * s / (1000 + s), "v(o6)": 1e-3 * s + 100 / s, "v(o7)": f / 1000})
    f = 1e3 * 10**(np.arange(41) / 10)
    s = 2j * PI * f
    v, i = 1.5, 1.5 / 100
    # e: (v - ve)/(1k (1 + ve)) = ve/1k
    ve = -1 + np.sqrt(1 + v)
    drive = 1 / (1e3 * (1 + ve))
    slope = -drive - (v - ve) / (1e3 * (1 + ve)**2)
    response("ac_behavioural", f, {
        "v(b)": 1 / (1 + s * 1e3 * 1e-9 * (1 + v * v)), "v(c)": 1 / (1 + s * 1e3 * 1e-9 * (1 + 3 * v * v)),
        "v(d)": s * (0.05 / np.cosh(50 * i)**2) / (100 + s * (0.05 / np.cosh(50 * i)**2)),
        "v(e)": drive / (1e-3 - slope)})


def all_references():
    small_signals()
    values()
    currents_and_temperatures()
    reactive()
    lossless()
    with_losses()
    transfer_functions()
    forms()
    simulated("urc_line", ["v(b)", "v(c)"], 80e-9)


if __name__ == "__main__":
    all_references()
