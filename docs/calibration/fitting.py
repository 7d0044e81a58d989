"""Maximum-a-posteriori fit of the deterministic part to the mean cycle of each device (Gauss-Newton on logarithms)."""
import numpy as np

import device_model as model

DRIFT_W = 0.0140  # mean downward drift per cycle of 400 pulses, in units of w (all 20 devices drift down)
SIGMA = 0.025     # standard error of one point of a ten-cycle mean curve, in w
INDEPENDENT = 25  # effective number of independent points of a 201-point branch
RESET_WEIGHT = 3  # the reset branch is the noisier one: weighing it up keeps its worst device below 0.05 and costs the set branch nothing

# prior of ln(parameter / (G1 - G0)): median and 1.2 standard deviations over the 20 public devices, themselves fitted with a wide prior
PRIOR_MEAN = np.log(np.array([0.014, 0.60, 0.082, 0.078, 0.029, 0.42]))
PRIOR_SD = np.array([0.60, 0.59, 0.33, 0.47, 0.59, 0.39])


def drift_of(span):
    """Saturation value of the drift in siemens that gives DRIFT_W per 400 pulses in the middle of ten cycles."""
    return DRIFT_W * span * model.LDRIFT / 400 * np.exp(2000 / model.LDRIFT)


def fit_devices(set_, reset, prior_mean=None, prior_sd=None, iterations=12):
    """set_, reset: (devices, cycles, 201). Returns theta (devices, parameters), g0, g1, gdrift."""
    prior_mean = PRIOR_MEAN if prior_mean is None else prior_mean
    prior_sd = PRIOR_SD if prior_sd is None else prior_sd
    cycles = set_.shape[1]
    g0, g1 = set_[:, :, 0].mean(1), set_[:, :, -1].mean(1)
    span, n, k = g1 - g0, len(g0), len(model.NAMES)
    gdrift = drift_of(span)
    branch = np.repeat([1.0, RESET_WEIGHT**0.5], 201)
    measured = branch * np.concatenate([set_.mean(1), reset.mean(1)], 1) / span[:, None]
    weight = INDEPENDENT / 201 / SIGMA**2 * cycles / 10

    def curves(th):
        m = th.shape[0] // n
        rep = lambda q: np.repeat(q, m)
        lanes = model.Lanes(th, rep(g0), rep(g1), rep(gdrift))
        a, b = lanes.protocol(cycles)
        return (branch * np.concatenate([a.mean(1), b.mean(1)], 1)).reshape(n, m, -1) / span[:, None, None]

    offset = np.log(span)[:, None]
    theta = prior_mean + offset
    lam, cost = np.full(n, 1e-2), None
    best, grad, hess = theta, np.zeros((n, k)), np.zeros((n, k, k))
    for _ in range(iterations):
        trial = np.concatenate([theta[:, None], theta[:, None] + 1e-3 * np.eye(k)], 1).reshape(-1, k)
        y = curves(trial)
        r = measured - y[:, 0]
        pr = (prior_mean + offset - theta) / prior_sd**2
        c = weight * (r * r).sum(1) + (((prior_mean + offset - theta) / prior_sd) ** 2).sum(1)
        first = cost is None
        ok = np.ones(n, bool) if first else c <= cost
        if not first:
            lam = np.where(ok, lam / 4, lam * 8)
        cost = c if first else np.where(ok, c, cost)
        best = np.where(ok[:, None], theta, best)
        for d in np.flatnonzero(ok):
            j = (y[d, 1:] - y[d, 0]) / 1e-3
            grad[d] = weight * j @ r[d] + pr[d]
            hess[d] = weight * j @ j.T + np.diag(1 / prior_sd**2)
        step = np.stack([np.linalg.solve(hess[d] + lam[d] * np.diag(np.diag(hess[d])), grad[d]) for d in range(n)])
        theta = best + np.clip(step, -1, 1)
    return best, g0, g1, gdrift


def mean_rms(lanes, set_, reset, cycles=slice(None)):
    """rms in w between model and measured mean curves over the chosen cycles: (set, reset) per device."""
    a, b = lanes.protocol(10)
    span = (lanes.g1 - lanes.g0)[:, None]
    rms = lambda m, s: np.sqrt((((m[:, cycles].mean(1) - s[:, cycles].mean(1)) / span) ** 2).mean(1))
    return rms(a, set_), rms(b, reset)
