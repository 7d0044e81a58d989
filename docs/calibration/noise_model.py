"""Pulse-driven filament noise and read noise of `cmo_hfo2`, and the noisy characterisation protocol."""
import numpy as np

CELL = 0.25          # grid of A, nominal pulses
LAMBDA = (0.4, 7.0, 150.0)   # correlation lengths in nominal pulses: fast, medium, slow
NFAST = 0.60         # variance share of the fast one in nset^2 / nreset^2 (the medium one has the rest)
NSLOW = 0.9          # amplitude of the slow one relative to sqrt(nset nreset), any polarity and conductance
GAMMA = 1.3          # fast and medium amplitude ~ (gref / G)^GAMMA, gref = sqrt(g0 g1)
READ = 0.005         # read noise, relative


class Noise:
    """Three Ornstein-Uhlenbeck components on the A-grid; values are carried per lane."""

    def __init__(self, lanes, nset, nreset, nslow, rng):
        self.n = np.zeros((2, len(LAMBDA), lanes))  # values at nodes j and j+1
        self.j = np.full(lanes, -1)
        self.nset, self.nreset, self.nslow, self.rng = nset, nreset, nslow, rng
        self.rho = np.exp(-CELL / np.array(LAMBDA))[:, None]

    def advance(self, a, gx, gref, polarity):
        """Step the nodes up to the cell that holds `a`; returns the noise in siemens at `a`."""
        amp = (self.nset if polarity > 0 else self.nreset) * (gref / gx) ** GAMMA
        target = np.floor(a / CELL).astype(int)
        while True:
            m = self.j < target
            if not m.any():
                break
            z = self.rng.standard_normal((len(LAMBDA), len(a)))
            kick = np.stack([np.sqrt(NFAST) * amp, np.sqrt(1 - NFAST) * amp, self.nslow])
            new = self.rho * self.n[1] + np.sqrt(1 - self.rho**2) * kick * z
            self.n = np.where(m, np.stack([self.n[1], new]), self.n)
            self.j = np.where(m, self.j + 1, self.j)
        return self.value(a)

    def value(self, a):
        t = a / CELL - self.j
        mix = (1 - t) * self.n[0] + t * self.n[1]
        return (mix / np.sqrt((1 - t) ** 2 + t**2 + 2 * t * (1 - t) * self.rho)).sum(0)


def noisy_protocol(lanes, nset, nreset, rng, cycles=10, pulses=200):
    """Reads (lanes, cycles, pulses+1) of both branches with filament and read noise; D,0 is the sample P,200."""
    x = (lanes.g0 - lanes.gmin) / lanes.range
    a = np.zeros_like(x)
    gref = np.sqrt(lanes.g0 * lanes.g1)
    noise = Noise(len(x), nset, nreset, NSLOW * np.sqrt(nset * nreset), rng)
    n = noise.advance(a, lanes.gmin + lanes.range * x, gref, 1) * 0
    out = np.zeros((2, cycles, pulses + 1, len(x)))
    read = lambda: lanes.conductance(x, a, n) * (1 + READ * rng.standard_normal(len(x)))
    for c in range(cycles):
        for b, pol in enumerate((1, -1)):
            out[b, c, 0] = read() if b == 0 else out[0, c, -1]
            for p in range(pulses):
                x, a = lanes.pulse(x, a, pol, n)
                n = noise.advance(a, lanes.gmin + lanes.range * x, gref, pol)
                out[b, c, p + 1] = read()
    return out[0].transpose(2, 0, 1), out[1].transpose(2, 0, 1)
