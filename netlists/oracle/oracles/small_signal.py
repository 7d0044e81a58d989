"""Small-signal analyses: closed forms by numpy, derivatives by mpmath-free implicit differentiation, ngspice for transistors."""

import re
import subprocess
import tempfile
import pathlib

import numpy as np
from scipy.optimize import brentq

from .tools import HERE

K = 1.380649e-23
Q = 1.602176634e-19
PI = np.pi


def write(deck, oracle, columns, tol=None, plot=None):
    """Writes ref/<deck>.csv; complex columns become `name.re,name.im`. `columns` starts with the axis, if any."""
    names, data = [], []
    for name, values in columns.items():
        values = np.atleast_1d(values)
        if np.iscomplexobj(values):
            names += [name + ".re", name + ".im"]
            data += [values.real, values.imag]
        else:
            names.append(name)
            data.append(values)
    lines = [f"# oracle: {oracle}"] + ([f"# plot: {plot}"] if plot else []) + [f"# tol: {t}" for t in tol or []]
    lines.append(",".join(names))
    lines += [",".join(f"{v:.12g}" for v in row) for row in zip(*data)]
    (HERE / "ref" / f"{deck}.csv").write_text("\n".join(lines) + "\n")


def decades(n, start, stop):
    steps = int(np.floor(abs(np.log10(stop / start)) * n + 1e-9))
    return start * (stop / start) ** (np.arange(steps + 1) / steps)


def noise_decades(n, start, stop):
    return start * 10 ** (np.arange(int(np.floor(n * np.log10(stop / start) + 1e-9)) + 1) / n)


class Net:
    """Modified nodal analysis over frequency: an independent, dense solution of linear decks."""

    def __init__(self, nodes, branches=0):
        self.names, self.m = nodes.split(), branches
        self.n = len(self.names)
        self.y0 = np.zeros((self.n + branches,) * 2, dtype=complex)
        self.y1, self.y_1 = self.y0.copy(), self.y0.copy()
        self.b = np.zeros(self.n + branches, dtype=complex)

    def at(self, name):
        return None if name == "0" else self.names.index(name)

    def stamp(self, matrix, rows, columns, value):
        for r, sr in zip(rows, (1, -1)):
            for c, sc in zip(columns, (1, -1)):
                if self.at(r) is not None and self.at(c) is not None:
                    matrix[self.at(r), self.at(c)] += sr * sc * value

    def r(self, a, b, value):
        self.stamp(self.y0, (a, b), (a, b), 1 / value)

    def c(self, a, b, value):
        self.stamp(self.y1, (a, b), (a, b), value)

    def l(self, a, b, value):
        self.stamp(self.y_1, (a, b), (a, b), 1 / value)

    def gm(self, a, b, c, d, value):
        self.stamp(self.y0, (a, b), (c, d), value)

    def v(self, k, a, b, value=0.0, control=(), gain=0.0):
        """Voltage a-b = value + gain * control voltage, by branch k."""
        row = self.n + k
        for node, sign in ((a, 1), (b, -1)):
            if self.at(node) is not None:
                self.y0[row, self.at(node)] += sign
                self.y0[self.at(node), row] += sign
        for node, sign in zip(control, (1, -1)):
            if self.at(node) is not None:
                self.y0[row, self.at(node)] -= sign * gain
        self.b[row] = value

    def i(self, a, b, value):
        for node, sign in ((a, -1), (b, 1)):
            if self.at(node) is not None:
                self.b[self.at(node)] += sign * value

    def matrix(self, f):
        s = 2j * PI * f
        return self.y0 + s * self.y1 + self.y_1 / s

    def solve(self, f):
        return {name: x for name, x in zip(self.names + [f"#{k}" for k in range(self.m)],
                                           np.array([np.linalg.solve(self.matrix(w), self.b) for w in f]).T)}

    def noise(self, f, plus, minus, resistors, temperature=300.15):
        """Density (V^2/Hz) at plus-minus of each resistor (a, b, ohm)."""
        out = []
        for w in f:
            e = np.zeros(self.n + self.m, dtype=complex)
            for node, sign in ((plus, 1), (minus, -1)):
                if self.at(node) is not None:
                    e[self.at(node)] += sign
            adjoint = np.linalg.solve(self.matrix(w).T, e)
            pick = lambda node: 0 if node == "0" else adjoint[self.at(node)]
            out.append([abs(pick(a) - pick(b)) ** 2 * 4 * K * temperature / r for a, b, r in resistors])
        return np.array(out).T


def ac_responses():
    f = decades(10, 1, 1e6)
    s = 2j * PI * f
    r, c = 1e3, 1e-7
    h = 1 / (1 + s * r * c)
    i = (1 - h) / r
    write("ac_rc_lowpass", "closed form", {"frequency": f, "v(out)": h, "v(in,out)": 1 - h, "i(v1)": -i, "i(r1)": i, "i(c1)": i})

    f = decades(40, 500, 50e3)
    s = 2j * PI * f
    r, l, c, u = 10, 3.1831e-3, 318.31e-9, 2 * np.exp(1j * PI / 4)
    i = u / (r + s * l + 1 / (s * c))
    write("ac_rlc_series", "closed form", {"frequency": f, "v(b)": i / (s * c), "v(a,b)": i * s * l, "i(l1)": i})

    f = np.linspace(3e3, 7e3, 41)
    s = 2j * PI * f
    u = 1e-3 * np.exp(-1j * PI / 6)
    v = u / (1 / 2e3 + s * 1e-6 + 1 / (s * 1e-3))
    write("ac_rlc_parallel", "closed form",
          {"frequency": f, "v(out)": v, "i(l1)": v / (s * 1e-3), "i(c1)": v * s * 1e-6, "i(i1)": u + 0 * f})

    f = decades(10, 1, 1e7)
    a = 1e5 / (1 + 1j * f / 10)
    m = (10e3 / 11e3) / (1 + a * 1e3 / 11e3)
    write("ac_opamp_inverting", "closed form", {"frequency": f, "v(out)": -a * m, "v(m)": m})

    f = decades(20, 100, 1e6)
    s = 2j * PI * f
    r1 = r2 = 10e3
    c1, c2 = 2.2e-9, 1e-9
    h = 1 / (1 + s * c2 * (r1 + r2) + s**2 * r1 * r2 * c1 * c2)
    write("ac_sallen_key", "closed form", {"frequency": f, "v(out)": h, "v(a)": h * (1 + s * r2 * c2)})

    f = np.linspace(10e3, 22e3, 51)
    net = Net("in a b out", 1)
    net.v(0, "in", "0", 1)
    for a, b, x in (("in", "a", 1e4), ("a", "out", 1e4), ("b", "0", 5e3), ("out", "0", 1e6)):
        net.r(a, b, x)
    for a, b, x in (("a", "0", 2e-9), ("in", "b", 1e-9), ("b", "out", 1e-9)):
        net.c(a, b, x)
    write("ac_twin_t", "dense nodal analysis (numpy)", {"frequency": f, "v(out)": net.solve(f)["out"]})

    step = 2 ** 0.25
    f = 100 * step ** np.arange(int(np.log(3e6 / 100) / np.log(step)) + 1)
    s = 2j * PI * f
    chain = np.array([np.linalg.matrix_power(np.array([[1 + 1e3 * w * 1e-9, 1e3], [w * 1e-9, 1]]), 5) for w in s])
    write("ac_ladder", "closed form (chain matrices)",
          {"frequency": f, "v(n5)": 1 / chain[:, 0, 0], "i(v1)": -chain[:, 1, 0] / chain[:, 0, 0]})

    f = decades(10, 10, 1e6)
    s = 2j * PI * f
    l1, l2, rs, rl = 10e-3, 40e-3, 50, 1e3
    m = 0.98 * np.sqrt(l1 * l2)
    det = (rs + s * l1) * (rl + s * l2) - (s * m) ** 2
    i1, i2 = (rl + s * l2) / det, -s * m / det
    write("ac_transformer", "closed form",
          {"frequency": f, "v(s)": -rl * i2, "v(p)": 1 - rs * i1, "i(l1)": i1, "i(l2)": i2})

    f = decades(10, 1e3, 1e8)
    s = 2j * PI * f
    a = 1 / (1 + s * 1e3 * 1e-9)
    b = 3 * a
    c = b / (1 + s * 2e3 * 500e-12)
    load = 1 / (1 / 1e3 + s * 200e-12)
    d = 2e-3 * c / (1 / 1e3 + 1 / load)
    i = d / load
    write("ac_controlled", "closed form",
          {"frequency": f, "v(c)": c, "v(d)": d, "v(g)": 4 * i * 500, "v(out)": 100 * i, "i(vs)": i,
           "i(e1)": -(b - c) / 2e3})

    f = decades(10, 100, 1e6)
    s = 2j * PI * f
    y = 1 / 1e3 + 1 / 2e3 + s * 1e-8
    v = (1j / 1e3 + 1e-3 * np.exp(-1j * PI / 4)) / y
    write("ac_two_sources", "closed form",
          {"frequency": f, "v(b)": v, "i(v1)": -(1j - v) / 1e3, "i(v2)": v / 2e3})

    f = decades(20, 50, 20e3)
    s, w0, q = 2j * PI * f, 2 * PI * 1e3, 5
    a = w0 / (s + 1e-9)
    hp = 1 / (1 + a / q + a * a)
    write("ac_biquad", "closed form", {"frequency": f, "v(hp)": hp, "v(bp)": a * hp, "v(lp)": a * a * hp})

    f = decades(10, 1e3, 1e7)
    v = (1 / 4e3) / (1 / 4e3 + 1 / 1e3 + 2j * PI * f * 1e-9)
    write("ac_resistance", "closed form", {"frequency": f, "v(out)": v, "i(r1)": (1 - v) / 4e3})

    f = np.array([10e3, 100e3, 159.155e3, 1e6])
    s = 2j * PI * f * 1e-3
    write("ac_list", "closed form", {"frequency": f, "v(out)": s / (1e3 + s)})


def noises():
    t = 300.15
    f = noise_decades(10, 100, 1e7)
    gain = 1 / (1 + 2j * PI * f * 1e4 * 1e-9)
    write("noise_rc", "closed form",
          {"frequency": f, "onoise_spectrum": np.sqrt(4 * K * t * 1e4) * abs(gain), "inoise_spectrum": np.sqrt(4 * K * t * 1e4) + 0 * f})

    band = lambda lo, hi, tau: (np.arctan(2 * PI * hi * tau) - np.arctan(2 * PI * lo * tau)) / (2 * PI * tau)
    total = np.sqrt(4 * K * t * 1e4 * band(1, 1e11, 1e-8))
    write("noise_ktc", "closed form: kT/C within the band", {"onoise_total": [total]})

    f = noise_decades(5, 1e3, 1e6)
    net = Net("in a b", 1)
    net.v(0, "in", "0", 1)
    rs = [("in", "a", 1e3), ("a", "0", 2e3), ("in", "b", 5e3), ("b", "0", 1e3)]
    for r in rs:
        net.r(*r)
    net.c("a", "b", 1e-9)
    x = net.solve(f)
    out = np.sqrt(net.noise(f, "a", "b", rs, 373.15).sum(axis=0))
    write("noise_temperature", "dense nodal analysis (numpy)",
          {"frequency": f, "onoise_spectrum": out, "inoise_spectrum": out / abs(x["a"] - x["b"])})

    f = noise_decades(5, 1e3, 1e7)
    net = Net("in p m out", 2)
    net.v(0, "in", "0", 1)
    net.v(1, "out", "0", 0, ("p", "m"), 1e6)
    rs = [("in", "p", 1e3), ("m", "0", 100), ("m", "out", 9.9e3)]
    for r in rs:
        net.r(*r)
    net.c("p", "0", 100e-12)
    x, parts = net.solve(f), net.noise(f, "out", "0", rs)
    out = np.sqrt(parts.sum(axis=0))
    columns = {f"onoise_{n}{e}": np.sqrt(p) for n, p in zip(("rs", "r1", "r2"), parts) for e in ("_thermal", "")}
    write("noise_amplifier", "dense nodal analysis (numpy)",
          {"frequency": f} | columns | {"onoise_spectrum": out, "inoise_spectrum": out / abs(x["out"])})

    f = noise_decades(10, 1e4, 1e9)
    s = 2j * PI * f
    z1, z2 = 1 / (1e-5 + s * 1e-12), 1 / (1e-4 + s * 1e-13)
    gain = abs(1e-3 * z1 * z2) ** 2
    out = 4 * K * t * (1e-5 * gain + 1e-4 * abs(z2) ** 2)
    write("noise_current_input", "closed form",
          {"frequency": f, "onoise_spectrum": np.sqrt(out), "inoise_spectrum": np.sqrt(out / gain)})

    # Totals: the integrals of the exact densities.
    from scipy.integrate import quad
    tau1, tau2, r12 = 750 * 1e-9, 2e3 * 1e-9, 750.0
    shape1 = lambda w: 1 / (1 + (2 * PI * w * tau1) ** 2)
    shape2 = lambda w: 1 / (1 + (2 * PI * w * tau2) ** 2)
    over = lambda g: quad(lambda x: g(np.exp(x)) * np.exp(x), np.log(100), np.log(1e6), epsabs=0, epsrel=1e-11, limit=500)[0]
    kt4 = 4 * K * t
    parts = {"r1": over(lambda w: kt4 / 1e3 * r12**2 * 100 * shape1(w) * shape2(w)),
             "r2": over(lambda w: kt4 / 3e3 * r12**2 * 100 * shape1(w) * shape2(w)),
             "r3": over(lambda w: kt4 * 2e3 * shape2(w))}
    columns = {f"onoise_total_{n}": [np.sqrt(v)] for n, v in parts.items()}
    write("noise_totals", "closed form, integrated by scipy", columns | {"onoise_total": [np.sqrt(sum(parts.values()))]})

    f = noise_decades(5, 1e5, 1e9)
    r = 1 / (1 / 2e3 + 1 / 1e4)
    shape = abs(1 / (1 + 2j * PI * f * r * 1e-11))
    part = lambda x: np.sqrt(kt4 / x) * r * shape
    out = np.hypot(part(2e3), part(1e4))
    write("noise_switch", "closed form", {"frequency": f, "onoise_spectrum": out, "inoise_spectrum": out / (r / 2e3 * shape)})


def transfer_functions():
    par = lambda *r: 1 / sum(1 / x for x in r)
    write("tf_divider", "closed form", {"transfer_function": [2 / 3], "output_impedance_at_v(out)": [par(1e3, 3e3, 6e3)],
                                        "v1#input_impedance": [3e3]})
    write("tf_current", "closed form", {"transfer_function": [1 / 3], "vm#output_impedance": [3e3], "i1#input_impedance": [par(1e3, 2e3)]})
    g = Net("in a b", 0)
    for a, b, r in (("in", "0", 100), ("in", "a", 1e3), ("a", "0", 2e3), ("in", "b", 3e3), ("b", "0", 1e3)):
        g.r(a, b, r)
    z = np.linalg.inv(g.y0.real)
    load = par(3e3, 4e3)
    vin = load / (load + 100)
    write("tf_bridge", "closed form and dense nodal analysis",
          {"transfer_function": [vin * (2 / 3 - 1 / 4)], "output_impedance_at_v(a,b)": [z[1, 1] + z[2, 2] - 2 * z[1, 2]],
           "v1#input_impedance": [100 + load]})


def sensitivities():
    def divider(v1, r1, r2, e1, r3, i1, r4):
        return (e1 * v1 * r2 / (r1 + r2) / r3 + i1) / (1 / r3 + 1 / r4)

    def current(v1, r1, r2, r3):
        p = r2 * r3 / (r2 + r3)
        return v1 * p / (r1 + p) / r3

    def slopes(function, values):
        out = {}
        for name, x in values.items():
            h = 1e-3 * x
            at = lambda d: function(**(values | {name: x + d}))
            out[name] = np.atleast_1d((8 * (at(h) - at(-h)) - at(2 * h) + at(-2 * h)) / (12 * h))
        return out

    write("sens_divider", "closed form", slopes(divider, dict(v1=10.0, r1=1e3, r2=3e3, e1=2.0, r3=1e3, i1=1e-3, r4=4e3)))
    write("sens_current", "closed form", slopes(current, dict(v1=10.0, r1=1e3, r2=2e3, r3=3e3)))

    vt = K * 300.15 / Q

    def diode(v1, r1, i_s, n, rs):
        f = lambda v: i_s * np.expm1(v / (n * vt)) + 1e-12 * v - (v1 - v) / (r1 + rs)
        # Behind the series resistance first; the current is common.
        v = brentq(f, 0.0, 1.2, xtol=1e-15, rtol=1e-15)
        return v + rs * (v1 - v) / (r1 + rs)

    got = slopes(diode, dict(v1=5.0, r1=1e3, i_s=1e-14, n=1.2, rs=10.0))
    write("sens_diode", "closed form, differentiated numerically",
          {"v1": got["v1"], "r1": got["r1"], "d1:is": got["i_s"], "d1:n": got["n"], "d1:rs": got["rs"]})

    f = noise_decades(10, 1e3, 1e5)
    s = 2j * PI * f

    def rlc(v1_acmag, r1, l1, c1, r2):
        z = 1 / (s * c1 + 1 / r2)
        return v1_acmag * z / (r1 + s * l1 + z)

    write("sens_ac_rlc", "closed form", {"frequency": f} | slopes(rlc, dict(v1_acmag=1.0, r1=1e3, l1=1e-2, c1=1e-8, r2=5e3)))

    f = noise_decades(5, 1e3, 1e7)
    s = 2j * PI * f

    def driven(v1, r1, i_s, n, c1):
        v = brentq(lambda v: i_s * np.expm1(v / (n * vt)) + 1e-12 * v - (v1 - v) / r1, 0.0, 1.2, xtol=1e-16, rtol=1e-15)
        g = i_s * np.exp(v / (n * vt)) / (n * vt) + 1e-12
        return 1 / (1 + r1 * (g + s * c1))

    got = slopes(driven, dict(v1=2.0, r1=1e3, i_s=1e-14, n=1.2, c1=1e-8))
    write("sens_ac_diode", "closed form, differentiated numerically",
          {"frequency": f, "v1": got["v1"], "r1": got["r1"], "d1:is": got["i_s"], "d1:n": got["n"], "c1": got["c1"]})


def poles_and_zeros():
    def roots(polynomial):
        found = np.roots(polynomial)
        return sorted(found, key=lambda z: (round(z.real / (abs(z) + 1e-300), 9) * abs(z), -z.imag))

    def put(deck, poles, zeros, tol=None):
        columns = {f"pole({k + 1})": np.array([z + 0j]) for k, z in enumerate(poles)}
        columns |= {f"zero({k + 1})": np.array([z + 0j]) for k, z in enumerate(zeros)}
        write(deck, "closed form", columns, tol)

    r, l, c = 10.0, 1e-3, 1e-6
    # The branch r + s l is one impedance from b of the capacitor's node on: output across l alone.
    put("pz_rlc", roots([l * c, r * c, 1]), [0, 0])
    r, c = 1e4, 1e-9
    put("pz_twin_t", roots(np.polymul([1, 1 / (r * c)], [1, 4 / (r * c), 1 / (r * c) ** 2])),
        roots(np.polymul([1, 1 / (r * c)], [1, 0, 1 / (r * c) ** 2])))
    r1, r2, c = 1e4, 4e4, 1e-9
    put("pz_sallen_key", roots([r1 * r2 * c * c, 2 * r1 * c, 1]), [0, 0])
    c1, r1, l, r2, c2 = 1e-9, 1e4, 1e-3, 1e3, 2e-9
    y1, y2 = np.poly1d([c1, 1 / r1]), np.poly1d([c2, 1 / r2])
    put("pz_transimpedance", roots((y1 * y2 * np.poly1d([l, 0]) + y1 + y2).coeffs), [])
    a, b = np.poly1d([1.0]), np.poly1d([0.0])
    for r, c in ((1e6, 1e-15), (1e5, 1e-10), (1e4, 1e-8), (1e3, 1e-6)):
        b = b + a * np.poly1d([c, 0])
        a = a + b * r
    put("pz_ladder", roots(a.coeffs), [])
    # Conductances and capacitances of the nodes a and b, with the input node at the source.
    g = np.diag([1e-3, 0.5e-3])
    c = np.array([[3e-9, -2e-9], [-2e-9, 6e-9]])
    poles = np.linalg.eigvals(-np.linalg.solve(c, g))
    # v(b): (s 3n (s 3n + 1m) + s 1n s 2n) / det
    put("pz_capacitor_loop", sorted(poles), roots([9e-18 + 2e-18, 3e-12, 0]))


# --- ngspice ---------------------------------------------------------------------------------------------------

def plots(deck):
    """Runs a deck in ngspice; its plots, each a dictionary of columns."""
    with tempfile.TemporaryDirectory(dir=HERE, prefix=".run") as folder:
        path = pathlib.Path(folder)
        text = (HERE / f"{deck}.cir").read_text().replace(".end\n", ".options reltol=1e-6 abstol=1e-15 vntol=1e-10\n.end\n")
        (path / "deck.cir").write_text(text)
        subprocess.run(["ngspice", "-b", "deck.cir", "-r", "out.raw"], cwd=path, capture_output=True, timeout=60)
        data = (path / "out.raw").read_bytes()
    found = []
    for part in re.split(rb"(?=Title:)", data)[1:] or [data]:
        head, body = part.split(b"Binary:\n", 1)
        head = head.decode("latin-1")
        count, points = (int(re.search(key + r":\s*(\d+)", head)[1]) for key in ("No. Variables", "No. Points"))
        names = [line.split()[1].lower() for line in head.split("Variables:\n")[-1].strip().splitlines()[:count]]
        kind = "<c16" if "complex" in head else "<f8"
        table = np.frombuffer(body, dtype=kind, count=count * points).reshape(points, count)
        columns = {}
        for k, name in enumerate(names):
            inner = re.fullmatch(r"v\((.*(?:noise|transfer|imped|pole|zero).*)\)", name)
            values = table[:, k]
            columns[inner[1] if inner else name] = values.real if name == "frequency" else values
        found.append(columns)
    return found


def simulated(deck, signals, tol=None, plot=0):
    got = plots(deck)[plot]
    axis = {"frequency": got["frequency"]} if "frequency" in got else {}
    names = signals or [n for n in got if n != "frequency"]
    write(deck, "ngspice 39, reltol=1e-6 abstol=1e-15 vntol=1e-10", axis | {n: got[n] for n in names}, tol)


def by_simulation():
    simulated("ac_common_source", ["v(d)", "v(g)"])
    simulated("ac_diode", ["v(a)", "v(b)"])
    simulated("noise_mos", ["onoise_spectrum", "inoise_spectrum"])
    simulated("noise_input_total", ["onoise_total", "inoise_total", "onoise_total_r1_thermal", "inoise_total_r2"], plot=1)
    simulated("noise_resistor", ["onoise_spectrum", "inoise_spectrum", "onoise_r1", "onoise_r1_1overf", "onoise_r2", "onoise_r4_1overf", "onoise_r5_1overf"])
    simulated("noise_diode", ["onoise_spectrum", "inoise_spectrum"])
    simulated("tf_common_source", ["transfer_function", "output_impedance_at_v(d)"])
    simulated("pz_common_source", [])


def all_references():
    ac_responses()
    noises()
    transfer_functions()
    sensitivities()
    poles_and_zeros()
    by_simulation()
