"""Deterministic part of the `cmo_hfo2` compact model, vectorised over lanes (devices, trial parameter sets, seeds).

Pulse train of the characterisation: ideal square pulses behind a series resistor; A counts nominal pulses.
"""
import numpy as np

# Assumptions shared by all devices (not determined by the data; see docs/cmo-hfo2.md)
V_SET, T_SET, V_RESET, T_RESET, R_SERIES = 2.5, 1.5e-6, 2.7, 10e-6, 1e3
VSET, VRESET, VS, VR = 2.4, 2.6, 0.15, 0.15
XSET, XRESET, BELOW, ABOVE, LDRIFT = 0.1, 0.5, 0.6, 0.4, 1.0e4
SOFT = 0.01
# fitted parameters, all positive, handled as logarithms
NAMES = ("kset", "gset", "kfast", "gfast", "kreset", "greset")


def activity(v, vnom, v0):
    """Rate relative to a nominal pulse at device voltage `v` > 0: [expm1(v/2v0)/expm1(vnom/2v0)]^2."""
    return (np.expm1(v / (2 * v0)) / np.expm1(vnom / (2 * v0))) ** 2


def softplus(u):
    return np.logaddexp(0.0, u)


def soft_bound(x):
    """Smooth clamp of x to [0, 1]; the identity to within SOFT*exp(-distance/SOFT) inside."""
    return SOFT * (softplus(x / SOFT) - softplus((x - 1) / SOFT))


class Lanes:
    """Parameter arrays of shape (lanes,); conductances in siemens."""

    def __init__(self, theta, g0, g1, gdrift):
        p = dict(zip(NAMES, np.exp(theta).T))
        self.__dict__.update(p)
        self.g0, self.g1, self.gdrift = g0, g1, gdrift
        span = g1 - g0
        self.gmin, self.gmax = g0 - BELOW * span, g1 + ABOVE * span
        self.range = self.gmax - self.gmin

    def conductance(self, x, a, noise=0.0):
        drift = self.gdrift * np.expm1(-a / LDRIFT)
        return self.gmin + self.range * soft_bound(x + (noise + drift) / self.range)

    def rate(self, x, g, polarity):
        """(dx, dA) per pulse; x without noise moves the filament, g is what divides the voltage."""
        gx = self.gmin + self.range * x
        if polarity > 0:
            da = activity(V_SET / (1 + R_SERIES * g), VSET, VS)
            d = gx - self.g0
            f = self.kset * np.exp(-d / self.gset) + 2 * self.kfast / (1 + np.exp(d / self.gfast))
            return da * f * -np.expm1(-(1 - x) / XSET) / self.range, da
        da = activity(V_RESET / (1 + R_SERIES * g), VRESET, VR)
        f = self.kreset * np.exp(-(self.g1 - gx) / self.greset)
        return da * f * np.expm1(-x / XRESET) / self.range, da

    def pulse(self, x, a, polarity, noise=0.0, steps=1):
        """One pulse by `steps` Runge-Kutta steps; the noise is frozen during the pulse."""
        h = 1.0 / steps
        for _ in range(steps):
            k, s = [], x
            for c in (0.0, 0.5, 0.5, 1.0):
                if c:
                    s = x + c * h * k[-1][0]
                k.append(self.rate(s, self.conductance(s, a, noise), polarity))
            x = x + h / 6 * (k[0][0] + 2 * k[1][0] + 2 * k[2][0] + k[3][0])
            a = a + h / 6 * (k[0][1] + 2 * k[1][1] + 2 * k[2][1] + k[3][1])
        return x, a

    def protocol(self, cycles=10, pulses=200, steps=1):
        """Noise-free set and reset branches, each (lanes, cycles, pulses+1)."""
        x = (self.g0 - self.gmin) / self.range
        a = np.zeros_like(x)
        out = np.zeros((2, cycles, pulses + 1, len(x)))
        g = self.conductance(x, a)
        for c in range(cycles):
            for b, pol in enumerate((1, -1)):
                out[b, c, 0] = g
                for p in range(pulses):
                    x, a = self.pulse(x, a, pol, steps=steps)
                    g = self.conductance(x, a)
                    out[b, c, p + 1] = g
        return out[0].transpose(2, 0, 1), out[1].transpose(2, 0, 1)
