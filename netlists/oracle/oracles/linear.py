"""Linear circuits: exact responses."""

import numpy as np

from .tools import Piece, linear, pulse, pwl, rest, tone, write

PI = np.pi


def rc(deck, r, c, pieces, stop, kind="closed form: exact response of one pole", x0=None):
    u0 = (pieces[0].c @ pieces[0].z0)[0]
    t, x, _ = linear([[-1 / (r * c)]], [1 / (r * c)], [u0 if x0 is None else x0], pieces, stop)
    write(deck, kind, {"time": t, "v(out)": x[0]})


def sources():
    rc("rc_step", 1e3, 1e-9, pwl(pulse(0, 1, 1e-6, 0.1e-6, 0.2e-6, 4e-6, 20e-6, 12e-6)), 12e-6)
    f, r = 100e3, 2.2e3
    p = 1 / f
    rc("rc_pulse_train", r, 0.5 / (r * f), pwl(pulse(-0.5, 1.5, p / 10, p / 50, p / 25, 0.4 * p, p, 80e-6)), 80e-6)
    w, phase, v0 = 2 * PI * 50e3, np.radians(30), 0.2 + np.sin(np.radians(30))
    rc("sin_damped", 1e3, 2e-9, [tone(0, 0, PI / 2, v0), tone(10e-6, w, phase, 1, 0.2, 20e3)], 100e-6)
    # the two exponentials of EXP as states of the input
    s = [[-1 / 3e-6, 0, 0], [0, -1 / 6e-6, 0], [0, 0, 0]]
    both = np.exp(-23e-6 / 3e-6)
    rc("exp_source", 1e3, 1e-9, [
        Piece(0, s, [0, 0, 0.1], [0, 0, 1]),
        Piece(2e-6, s, [1, 0, 1], [-1.9, 0, 2.0]),
        Piece(25e-6, s, [both, 1, 1], [-1.9, 1.9, 0.1]),
    ], 60e-6)
    rc("pwl_source", 1e3, 1.5e-9, pwl([(0, 0), (5e-6, 1), (10e-6, 1), (10.001e-6, -1), (20e-6, 0.5), (30e-6, 0.5)]), 40e-6)
    points, t = [(0, 0), (2e-6, 1), (6e-6, -1), (10e-6, 1)], 10e-6
    while t < 40e-6:
        points += [(t + 4e-6, -1), (t + 8e-6, 1)]
        t += 8e-6
    rc("pwl_repeat", 1e3, 1e-9, pwl(points), 40e-6)
    rc("pwl_file", 1e3, 3e-9, pwl([(0, 0), (10e-6, 1), (30e-6, 1), (40e-6, -0.5), (80e-6, 0.25), (100e-6, 0)]), 120e-6)
    t = np.linspace(0, 2e-3, 20001)
    v = 0.5 + np.sin(2 * PI * 20e3 * t + 5 * np.sin(2 * PI * 1e3 * t))
    write("sffm_source", "closed form: the definition of SFFM", {"time": t, "v(in)": v, "v(out)": 0.75 * v})
    t = np.linspace(0, 1.2e-3, 20001)
    s = t - 100e-6
    v = np.where(s > 0, (1.5 + np.sin(2 * PI * 2e3 * s)) * np.sin(2 * PI * 20e3 * s), 0)
    write("am_source", "closed form: the definition of AM", {"time": t, "v(out)": v})


def first_and_second_order():
    exact = "closed form: matrix exponential"
    r, l = 50, 1e-3
    t, x, u = linear([[-r / l]], [1 / l], [0], pwl(pulse(0, 5, 10e-6, 1e-9, 1e-9, 100e-6, 400e-6, 300e-6)), 300e-6)
    write("rl_current", exact, {"time": t, "i(l1)": x[0], "v(a)": u[0] - r * x[0]})
    r, l, c = 20, 100e-6, 10e-9
    t, x, _ = linear([[-r / l, -1 / l], [1 / c, 0]], [1 / l, 0], [0, 0], pwl(pulse(0, 1, 1e-6, 1e-8, 1e-8, 1, 2, 40e-6)), 40e-6)
    write("rlc_underdamped", exact, {"time": t, "v(out)": x[1], "i(l1)": x[0]})
    t = np.linspace(0, 62.8e-6, 20001)
    write("lc_tank", "closed form: cos(t/sqrt(LC))", {"time": t, "v(out)": np.cos(1e6 * t), "i(l1)": 1e-3 * np.sin(1e6 * t)})
    t = np.linspace(0, 40e-6, 8001)
    tau, end = 1e-9 / (1 / 10e3 + 1 / 20e3), 2 * 20 / 30
    v = end + (-1 - end) * np.exp(-t / tau)
    write("ic_operating_point", "closed form: one exponential", {"time": t, "v(out)": v, "v(mid)": v / 2})
    t = np.linspace(0, 5e-6, 8001)
    v, decay = (3e-9 - 2e-9) / 3e-9, np.exp(-t / (1e3 * (1e-9 * 2e-9 / 3e-9)))
    write("capacitor_ic", "closed form: one exponential", {"time": t, "v(a)": v + (3 - v) * decay, "v(b)": v + (-1 - v) * decay})
    l, c, g = 1e-3, 1e-9, 1 / 5e3
    t, x, _ = linear([[0, 1 / l], [-1 / c, -g / c]], [0, 0], [1e-3, 0], pwl([(0, 0), (1, 0)]), 20e-6)
    write("inductor_ic", exact, {"time": t, "v(a)": x[1], "i(l1)": x[0]})
    g, c, l = 1 / 5e3, 1e-9, 1e-3
    t, x, _ = linear([[-g / c, -1 / c], [1 / l, 0]], [1 / c, 0], [0, 0], [tone(0, 2 * PI * 159.1549431e3, 0, 1e-3)], 60e-6)
    write("parallel_resonance", exact, {"time": t, "v(out)": x[0], "i(l1)": x[1]})
    # G1 takes 1m v(x) out of `out`, G2 feeds 1m v(out) into x
    c, gm, gx = 1e-9, 1e-3, 1e-9
    t, x, _ = linear([[-1 / (2e3 * c), -gm / c], [gm / c, -gx / c]], [1 / c, 0], [0, 0],
                     pwl(pulse(0, 1e-3, 1e-6, 1e-8, 1e-8, 1, 2, 30e-6)), 30e-6)
    write("gyrator", exact, {"time": t, "v(out)": x[0], "v(x)": x[1]})
    r, c = 1e3, 10e-9
    low, high = 2 * PI * 2e3, 2 * PI * 42e3
    s = np.zeros((4, 4))
    s[0, 1], s[1, 0], s[2, 3], s[3, 2] = low, -low, high, -high
    piece = Piece(0, s, [0, 1, 0, 1], [0, 0.5, 0, -0.5])
    t, x, u = linear([[-1 / (r * c)]], [1 / (r * c)], [0], [piece], 500e-6)
    write("poly_mixer", exact, {"time": t, "v(out)": x[0], "v(m)": u[0]})
    decay = tone(0, 2 * PI * 50e3, 0, 1, 0, 20e3)
    t, x, u = linear([[-1e6]], [1e6], [0], [decay], 150e-6)
    write("behavioural_time", exact, {"time": t, "v(out)": x[0], "v(a)": u[0]})
    sections()


def sections():
    r1, c1, r2, c2 = 1.2e3, 1.1e-9, 3.6e3, 1e-9
    a = [[-1 / (r1 * c1), 0], [1 / (r2 * c2), -1 / (r2 * c2)]]
    t, x, _ = linear(a, [1 / (r1 * c1), 0], [0, 0], pwl(pulse(0, 1, 1e-6, 1e-7, 1e-7, 50e-6, 100e-6, 25e-6)), 25e-6)
    write("include_lib", "closed form: matrix exponential", {"time": t, "v(mid)": x[0], "v(out)": x[1]})


    w = 2 * PI * 100e3
    t, x, _ = linear([[-1 / 5e-6]], [1 / 5e-6], [1], [tone(0, w, 0, 1, 1)], 60e-6)
    late = np.concatenate([[30e-6], t[t > 30e-6]])
    write("tran_start", "closed form: matrix exponential", {"time": late, "v(out)": np.interp(late, t, x[0])})

    r, l = 100, 0.5e-3
    # states: branch current, v(f), v(g)
    a = [[-r / l, 0, 0], [0.5 / 2e-9, -1 / 2e-6, 0], [50 / 1e-6, 0, -1 / 1e-6]]
    t, x, _ = linear(a, [1 / l, 0, 0], [0, 0, 0], pwl(pulse(0, 1, 1e-6, 1e-7, 1e-7, 30e-6, 100e-6, 50e-6)), 50e-6)
    write("current_mirror", "closed form: matrix exponential",
          {"time": t, "v(f)": x[1], "v(g)": x[2], "v(h)": 50 * x[0]})

    r1, r2, r3, c1, c2 = 2.2e3, 1e6, 1e6, 470e-12, 1.5e-12
    a = [[-(1 / r1 + 1 / r2) / c1, 1 / r2 / c1], [1 / r2 / c2, -(1 / r2 + 1 / r3) / c2]]
    t, x, _ = linear(a, [1 / r1 / c1, 0], [0, 0], pwl(pulse(0, 2, 1e-6, 1e-7, 1e-7, 5e-6, 20e-6, 16e-6)), 16e-6)
    write("syntax_mix", "closed form: matrix exponential", {"time": t, "v(out)": x[1], "v(mid)": x[0], "v(mid,out)": x[0] - x[1]})

    t = np.linspace(0, 40e-6, 8001)
    step = 1e-6
    rise = np.where(t > step, 1 - np.exp(-(t - step) / step), 0)
    fall = np.where(t > 2 * step, 1 - np.exp(-(t - 2 * step) / step), 0)
    write("source_defaults", "closed form: the definitions",
          {"time": t, "v(a)": np.clip((t - 4e-6) / step, 0, 1), "v(b)": 0.5 + np.sin(2 * PI * t / 40e-6), "v(c)": rise - fall})


def coupled():
    exact = "closed form: matrix exponential"
    k, l1, l2 = 0.95, 1e-3, 9e-3
    m = k * np.sqrt(l1 * l2)
    inverse = np.linalg.inv([[l1, m], [m, l2]])
    a = inverse @ np.diag([-10.0, -500.0])
    t, x, u = linear(a, inverse @ [1, 0], [0, 0], [tone(0, 2 * PI * 10e3, 0, 10)], 400e-6)
    write("transformer", exact, {"time": t, "v(s)": -500 * x[1], "v(p)": u[0] - 10 * x[0], "i(l1)": x[0]})
    l = np.array([1e-3, 2e-3, 0.5e-3])
    k = np.array([[1, 0.7, 0.6], [0.7, 1, 0.5], [0.6, 0.5, 1]])
    inverse = np.linalg.inv(k * np.sqrt(np.outer(l, l)))
    a = inverse @ np.diag([-100.0, -1e3, -200.0])
    t, x, _ = linear(a, inverse @ [1, 0, 0], [0, 0, 0], pwl(pulse(0, 1, 1e-6, 1e-7, 1e-7, 40e-6, 100e-6, 80e-6)), 80e-6)
    write("three_windings", exact, {"time": t, "v(b)": -1e3 * x[1], "v(c)": -200 * x[2], "i(l1)": x[0], "i(l3)": x[2]})


def ladders():
    exact = "closed form: matrix exponential"
    n, r = 7, 1e3
    c = 10.0 ** np.arange(-12, -5)
    a, b = np.zeros((n, n)), np.zeros(n)
    for k in range(n):
        a[k, k] -= 1 / (r * c[k])
        if k:
            a[k, k - 1] += 1 / (r * c[k])
        else:
            b[0] = 1 / (r * c[0])
        if k + 1 < n:
            a[k, k] -= 1 / (r * c[k])
            a[k, k + 1] += 1 / (r * c[k])
    t, x, _ = linear(a, b, np.zeros(n), pwl(pulse(0, 1, 1e-6, 1e-9, 1e-9, 2, 4, 50e-3)), 50e-3)
    write("stiff_ladder", exact, {"time": t, "v(n1)": x[0], "v(n4)": x[3], "v(n7)": x[6]})
    n, l, c = 10, 1e-6, 1e-9
    z = np.sqrt(l / c)
    # states: current of inductor k, voltage of capacitor k
    a, b = np.zeros((2 * n, 2 * n)), np.zeros(2 * n)
    for k in range(n):
        a[2 * k, 2 * k + 1] = -1 / l
        if k:
            a[2 * k, 2 * k - 1] = 1 / l
        else:
            a[0, 0], b[0] = -z / l, 1 / l
        a[2 * k + 1, 2 * k] = 1 / c
        if k + 1 < n:
            a[2 * k + 1, 2 * k + 2] = -1 / c
    a[2 * n - 1, 2 * n - 1] = -1 / (z * c)
    t, x, u = linear(a, b, np.zeros(2 * n), pwl(pulse(0, 1, 1e-7, 1e-7, 1e-7, 4e-7, 1e-5, 1.6e-6)), 1.6e-6)
    write("lc_line", exact, {"time": t, "v(n0)": u[0] - z * x[0], "v(n5)": x[9], "v(n10)": x[19]})


def switched():
    """Piecewise linear circuits: states are carried from switching time to switching time."""
    def piecewise(parts, x0, stop):
        times, values, x = [], [], x0
        for (start, a, b), end in zip(parts, [p[0] for p in parts[1:]] + [stop]):
            t, y, _ = linear(a, b, x, [Piece(start, [[0.0]], [1], [1])], end)
            times.append(t)
            values.append(y)
            x = y[:, -1]
        return np.concatenate(times), np.concatenate(values, axis=1)

    note = "closed form: exponentials between exact switching times"
    c = 1e-9

    def node(conductance, current):
        return [[-conductance / c]], [current / c]
    off, on = node(1e-4 + 1e-9, 10e-4), node(1e-4 + 1e-2, 10e-4)
    t, x = piecewise([(0.0, *off), (13e-6, *on), (33e-6, *off)], [10 / (1 + 1e-5)], 60e-6)
    write("switch_rc", note, {"time": t, "v(out)": x[0]})

    c = 2e-9
    off, on = node(1e-3 + 1 / (1e6 + 500), 5e-3), node(1e-3 + 1 / 501, 5e-3)
    x0 = 5e-3 / (1e-3 + 1 / (1e6 + 500))
    t, x = piecewise([(0.0, *off), (6e-6, *on), (26e-6, *off)], [x0], 40e-6)
    share = np.where((t >= 6e-6) & (t < 26e-6), 500 / 501, 500 / (1e6 + 500))
    write("switch_current", note, {"time": t, "v(out)": x[0]})

    r, rr, c = 10e3, 200.0, 1e-9
    rise_tau, fall_tau = c / (1 / r + 1e-9), c / (1 / r + 1 / rr)
    high, low = 10 / r / (1 / r + 1e-9), 10 / r / (1 / r + 1 / rr)
    period = rise_tau * np.log((high - 3) / (high - 7)) + fall_tau * np.log((7 - low) / (3 - low))
    write("relaxation_oscillator", "closed form: charge and discharge times", {"v(out)": [period]}, period="v(out)")

    c1, c2, g = 100e-12, 400e-12, 1 / 500
    first = [[-g / c1, 0], [0, 0]], [g / c1, 0]
    second = [[-g / c1, g / c1], [g / c2, -g / c2]], [0, 0]
    parts = [(0.0, [[0, 0], [0, 0]], [0, 0])]
    for k in range(20):
        parts += [(k * 1e-6 + 6e-9, *first), (k * 1e-6 + 0.496e-6, *second)]
    t, x = piecewise(parts, [0, 0], 20e-6)
    write("charge_pump", note, {"time": t, "v(a)": x[0], "v(out)": x[1]})


def static():
    write("controlled_op", "closed form", {"v(e)": 7.5, "v(f)": 6, "v(g)": 1.5, "v(h)": 2.1, "i(vm)": 2e-3, "i(vs)": 3e-3})
    x, y = np.arange(-20, 21) * 0.05, 0.7
    ia, ib = x / 1e3, y / 500
    write("poly_dc", "closed form: the polynomials", {
        "v(v-sweep)": x, "v(e)": 0.1 + x - 2 * y + 0.5 * x**2 + 3 * x * y + 0.25 * y**2, "v(g)": 1 + 2 * x - x**3,
        "v(f)": 1e3 * (ia + 0.5 * ib + 100 * ia * ib), "v(h)": 0.2 + 1e3 * ia + 2e6 * ia**2})
    x = np.arange(-30, 31) * 0.1
    write("table_dc", "closed form: linear interpolation",
          {"v(v-sweep)": x, "v(out)": np.interp(x, [-2, -0.5, 0, 1, 1.5], [-1, -0.75, 0, 3, 2])})
    rows = [(v, i) for i in np.arange(5) * 0.5e-3 for v in np.arange(-4, 5) * 0.25]
    v, i = np.array(rows).T
    b = (v / 1e3 + i) / (1 / 1e3 + 1 / 3e3)
    write("nested_dc", "closed form", {"v(v-sweep)": v, "v(b)": b, "v(p)": v * b})
    r = np.arange(1, 51) * 100.0
    write("dc_resistor", "closed form: divider", {"res-sweep": r, "v(out)": 5 * r / (1e3 + r)})
    bridge()
    par = 4700 * 9400 / 14100
    write("param_func", "closed form", {"v(a)": 8, "v(b)": 8 * 1e3 / (1e3 + par), "v(c)": 12e-3, "v(d)": 26,
                                        "v(e)": 0.25, "v(h)": 100 * 25.4e-6})
    r1, r2 = 1e3 * (1 + 1e-3 * 50 - 2e-6 * 2500), 2e3 * (1 + 2e-3 * 50 + 1e-5 * 2500)
    write("temperature_resistor", "closed form: R(1 + tc1 dT + tc2 dT^2)", {"v(b)": r2 / (r1 + r2), "i(v1)": -1 / (r1 + r2)})
    write("resistor_model", "closed form: R(1 + tc1 dT + tc2 dT^2)", {"v(b)": r2 / (1e3 + r2), "i(v1)": -1 / (1e3 + r2)})
    x = np.arange(-20, 21) * 0.1
    write("behavioural_dc", "closed form: the expressions", {
        "v(v-sweep)": x, "v(a)": np.sin(x) * np.cosh(x / 3) + np.tanh(2 * x),
        "v(b)": np.where(x > 0.45, np.sqrt(np.abs(x)), np.exp(x / 2) - 1),
        "v(c)": (1.5 + np.clip(x, -1, 1))**3 + np.abs(x), "v(d)": np.log(1 + x * x) + np.arctan(x) * x**2,
        "v(e)": (x > 0.25) + np.maximum(x + 1, 0) + np.sign(x + 0.55), "v(f)": np.interp(x, [-2, 0, 1, 2], [-1, 0, 3, 3.5]),
        "v(g)": np.abs(x)**3 - x})


def bridge():
    g = np.zeros((2, 2))
    left, right = 1 / 1e3, 1 / 2e3
    g[0, 0] = left + left / 1.3 + 1 / 5e3
    g[1, 1] = right + right / 1.3 + 1 / 5e3 + 1e-3
    g[0, 1] = g[1, 0] = -1 / 5e3
    v = np.linalg.solve(g, [10 * left, 10 * right])
    write("dc_bridge", "closed form: nodal equations",
          {"v(left)": v[0], "v(right)": v[1], "i(vdd)": -((10 - v[0]) * left + (10 - v[1]) * right)})


def all_references():
    sources()
    first_and_second_order()
    coupled()
    ladders()
    switched()
    static()
