"""Cells of a memristor and a transistor: scipy integrations of the state, the inner node found by a root search."""

import numpy as np
from scipy.optimize import brentq

from .nonlinear import SCIPY, interp
from .tools import integrate, write


def power_law(vgs, vds, kc, nc, kv, nv, lam):
    """Channel current of Sakurai and Newton's n-th power law with a threshold of zero, forward."""
    if vgs <= 0:
        return 0.0
    vdsat, full = kv * vgs**nv, kc * vgs**nc * (1 + lam * vds)
    return full if vds >= vdsat else full * (2 - vds / vdsat) * vds / vdsat


def hfo2_1t1r():
    gmin, gmax = 1e-6, 600e-6
    span = np.log(gmax / gmin)
    channel = (110.090e-6, 1.04823, 0.2, 0.2, 0.02)
    gate = interp([(0, 0), (0.1, 5), (1.3, 5), (1.4, 1), (2.7, 1), (2.8, 5), (3.3, 5), (3.4, 0.8), (4.7, 0.8), (4.8, 5), (6.5, 5)])
    column = interp([(0, 0), (1.5, 0), (1.6, 2.5), (2.6, 2.5), (2.7, 0), (2.9, 0), (3, 0.2), (3.2, 0.2), (3.3, 0), (3.5, 0),
                     (3.6, 2.5), (4.6, 2.5), (4.7, 0), (6.1, 0), (6.2, 0.2)])
    row = interp([(0, 0), (0.1, 0), (0.2, 1.7), (1.2, 1.7), (1.3, 0), (4.9, 0), (5, 1.1), (5.9, 1.1), (6, 0)])

    def transistor(be, g, r):
        return power_law(g - r, be - r, *channel) if be >= r else -power_law(g - be, r - be, *channel)

    def device(t, x):
        """Voltage and current of the memristor."""
        c, g, r = column(t), gate(t), row(t)
        conductance = gmin * np.exp(span * x)
        low, high = min(c, r) - 1e-12, max(c, r) + 1e-12
        be = brentq(lambda b: conductance * (c - b) - transistor(b, g, r), low, high, xtol=1e-14)
        return c - be, conductance * (c - be)

    def onset(u, width=1e-3):
        return 0.0 if u <= 0 else u if u >= width else u * (u / width) * (2 - u / width)

    def rate(t, y):
        x = y[0]
        v, _ = device(t * 1e6, x)
        if v > 0:
            return [6.5e6 * np.expm1(onset(v - 0.6) / 0.5) * np.tanh((1 - x) / 1e-3)]
        return [-1e7 * np.expm1(onset(-v - 0.457 - 2.24 * (1 - x)) / 0.5) * np.tanh(x / 1e-3)]

    marks = np.array([0, .1, .2, 1.2, 1.3, 1.4, 1.5, 1.6, 2.6, 2.7, 2.8, 2.9, 3, 3.2, 3.3, 3.4, 3.5, 3.6, 4.6, 4.7, 4.8, 4.9, 5, 5.9,
                      6, 6.1, 6.2, 6.5]) * 1e-6
    t, x = integrate(rate, [np.log(273e-6 / gmin) / span], marks, [1.0], count=6000, rtol=1e-9)
    i = np.array([device(a * 1e6, b)[1] for a, b in zip(t, x[0])])
    write("hfo2_1t1r_write", SCIPY.replace("1e-10", "1e-9"), {"time": t, "i(vc)": -i, "@x1.y1[x]": x[0]})


def all_references():
    hfo2_1t1r()
