"""Maximum-a-posteriori fit of the deterministic part to the mean cycle of each device (Gauss-Newton on logarithms)."""
import numpy as np

import device_model as model

DRIFT_W = 0.0140  # mean downward drift per cycle of 400 pulses, in units of w (all 20 devices drift down)
SIGMA = 0.025     # standard error of one point of a ten-cycle mean curve, in w
INDEPENDENT = 25  # effective number of independent points of a 201-point branch

# prior of ln(parameter / (G1 - G0)): mean and standard deviation over the population
PRIOR_MEAN = np.log(np.array([0.022, 0.40, 0.05, 0.06, 0.025, 0.45]))
PRIOR_SD = np.array([0.6, 0.6, 0.6, 0.6, 0.6, 0.6])


def drift_of(span, cycles=10):
    """Saturation value of the drift in siemens that gives DRIFT_W per 400 pulses over the protocol."""
    mid = cycles * 200
    return DRIFT_W * span * model.LDRIFT / 400 * np.exp(mid / model.LDRIFT)


def fit_devices(set_, reset, prior_mean=None, prior_sd=None, iterations=12):
    """set_, reset: (devices, cycles, 201). Returns theta (devices, parameters), g0, g1, gdrift."""
    prior_mean = PRIOR_MEAN if prior_mean is None else prior_mean
    prior_sd = PRIOR_SD if prior_sd is None else prior_sd
    cycles = set_.shape[1]
    g0, g1 = set_[:, :, 0].mean(1), set_[:, :, -1].mean(1)
    span, n, k = g1 - g0, len(g0), len(model.NAMES)
    gdrift = drift_of(span)
    measured = np.concatenate([set_.mean(1), reset.mean(1)], 1) / span[:, None]
    weight = INDEPENDENT / (2 * (2 * 201) * 0.5) / SIGMA**2 * cycles / 10

    def curves(th):
        m = th.shape[0] // n
        rep = lambda q: np.repeat(q, m)
        lanes = model.Lanes(th, rep(g0), rep(g1), rep(gdrift))
        a, b = lanes.protocol(cycles)
        return np.concatenate([a.mean(1), b.mean(1)], 1).reshape(n, m, -1) / span[:, None, None]

    offset = np.log(span)[:, None]
    theta = prior_mean + offset
    lam, cost = np.full(n, 1e-2), None
    best = theta
    for _ in range(iterations):
        trial = np.concatenate([theta[:, None], theta[:, None] + 1e-3 * np.eye(k)], 1).reshape(-1, k)
        y = curves(trial)
        r = measured - y[:, 0]
        pr = (prior_mean + offset - theta) / prior_sd**2
        c = weight * (r * r).sum(1) + (((prior_mean + offset - theta) / prior_sd) ** 2).sum(1)
        if cost is None or True:
            ok = np.ones(n, bool) if cost is None else c <= cost
            if cost is not None:
                lam = np.where(ok, lam / 4, lam * 8)
                theta = np.where(ok[:, None], theta, best)
            new = cost is None
            cost = c if new else np.where(ok, c, cost)
            if new:
                grad, hess = [None] * n, [None] * n
            for d in np.flatnonzero(ok):
                j = (y[d, 1:] - y[d, 0]) / 1e-3
                grad[d] = weight * j @ r[d] + pr[d]
                hess[d] = weight * j @ j.T + np.diag(1 / prior_sd**2)
            best = theta.copy()
        step = np.stack([np.linalg.solve(hess[d] + lam[d] * np.diag(np.diag(hess[d])), grad[d]) for d in range(n)])
        theta = best + np.clip(step, -1, 1)
    return best, g0, g1, gdrift


def mean_rms(lanes, set_, reset, cycles=slice(None)):
    """rms in w between model and measured mean curves over the chosen cycles: (set, reset) per device."""
    a, b = lanes.protocol(10)
    span = (lanes.g1 - lanes.g0)[:, None]
    rms = lambda m, s: np.sqrt((((m[:, cycles].mean(1) - s[:, cycles].mean(1)) / span) ** 2).mean(1))
    return rms(a, set_), rms(b, reset)
