"""Writes fixtures/covariates.json: a made-up log with covariates, and what an independent implementation makes of it.

    python3 tests/generators/covariates.py > fixtures/covariates.json      (NumPy 2.4.6, Python 3.11)

The log-likelihoods are written out row by row from their definitions (logistic regression: Bishop 2006, section 4.3;
ties: Davidson 1970, Rao and Kupper 1967), differentiated by complex steps, which are exact to rounding, and maximised
by Newton's method, second derivatives being differences of the first. Nothing is shared with the engine. Standard
errors are H^-1 J H^-1 with the ratings' mean taken out: H without the ridge on the covariates, J the sum of the outer
products of the scores of rows, or of clusters times G/(G-1) (N-1)/(N-p) (Liang and Zeger 1986).
"""
import json
import numpy as np

rng = np.random.default_rng(7)
ITEMS, ROWS, CLUSTERS = 5, 120, 24
STRENGTHS = np.array([0.8, 0.3, 0.0, -0.4, -0.7])
EFFECTS = np.array([0.6, -0.3])

left = rng.integers(0, ITEMS, ROWS)
right = (left + rng.integers(1, ITEMS, ROWS)) % ITEMS
raw = np.stack([np.round(rng.normal(0.3, 2.0, ROWS), 3), rng.integers(-4, 6, ROWS).astype(float)], 1)
cluster = rng.integers(0, CLUSTERS, ROWS)
weight = np.round(rng.uniform(0.5, 2.0, ROWS), 2)
logits = STRENGTHS[left] - STRENGTHS[right] + (raw - raw.mean(0)) / raw.std(0) @ EFFECTS + 0.25
share = np.where(rng.uniform(size=ROWS) < 0.2, 0.5, (rng.uniform(size=ROWS) < 1 / (1 + np.exp(-logits))) * 1.0)


def log_probability(rule, d, share, tie):
    """Of each row, given the left's lead in log-odds and the logarithm of the tie parameter."""
    if rule in ("half", "drop"):
        return share * -np.log(1 + np.exp(-d)) + (1 - share) * -np.log(1 + np.exp(d))
    parameter = np.exp(tie)
    if rule == "davidson":
        total = np.exp(d / 2) + np.exp(-d / 2) + parameter
        win, lose, tied = np.exp(d / 2) / total, np.exp(-d / 2) / total, parameter / total
    else:
        win, lose = 1 / (1 + np.exp(parameter - d)), 1 / (1 + np.exp(parameter + d))
        tied = (np.exp(2 * parameter) - 1) * win * lose
    return np.where(share == 1, np.log(win), np.where(share == 0, np.log(lose), np.log(tied)))


def design(rule, side, standardize):
    kept = np.flatnonzero(share != 0.5) if rule == "drop" else np.arange(ROWS)
    x = raw[kept]
    if standardize == "z-score":
        x = (x - x.mean(0)) / x.std(0)
    elif standardize == "scale":
        x = x / np.sqrt((x**2).mean(0))
    if side:
        x = np.hstack([x, np.ones((len(kept), 1))])
    return kept, x


def by_pair(kept, least):
    """1/max(n, least) of each row's pair, n being its kept rows, divided by the mean of that."""
    pair = np.minimum(left, right)[kept] * ITEMS + np.maximum(left, right)[kept]
    factor = 1 / np.maximum(np.bincount(pair)[pair], least)
    return factor / factor.mean()


def fit(rule, side, standardize, penalty, weighted, clustered, least=None):
    kept, x = design(rule, side, standardize)
    w = weight[kept] if weighted else np.ones(len(kept))
    if least is not None:
        w = w * by_pair(kept, least)
    ties = int(rule in ("davidson", "rao-kupper"))
    size = ITEMS + ties + x.shape[1]

    def rows(p):
        d = p[left[kept]] - p[right[kept]] + x @ p[ITEMS + ties:]
        return log_probability(rule, d, share[kept], p[ITEMS] if ties else 0.0)

    def scores(p):
        """Of each row, by complex steps."""
        step = 1e-30
        columns = []
        for k in range(size):
            at = p.astype(complex)
            at[k] += 1j * step
            columns.append(rows(at).imag / step)
        return np.stack(columns, 1)

    ridge = np.concatenate([np.zeros(ITEMS + ties), np.full(x.shape[1], penalty)])
    gradient = lambda p: w @ scores(p) - ridge * p

    def hessian(p):
        h = 1e-4
        lines = []
        for k in range(size):
            e = np.eye(size)[k] * h
            g = lambda s: w @ scores(p + s * e)
            lines.append((8 * (g(1) - g(-1)) - (g(2) - g(-2))) / (12 * h))
        found = -np.stack(lines)
        return (found + found.T) / 2

    shift = np.zeros((size, size))
    shift[:ITEMS, :ITEMS] = 1
    p = np.zeros(size)
    for _ in range(60):
        step = np.linalg.solve(hessian(p) + np.diag(ridge) + shift, gradient(p))
        p = p + step * min(1, 1 / np.abs(step).max())
        if np.abs(step).max() < 1e-13:
            break
    p[:ITEMS] -= p[:ITEMS].mean()
    assert np.abs(gradient(p)).max() < 1e-10, np.abs(gradient(p)).max()
    centre = np.eye(size)
    centre[:ITEMS, :ITEMS] -= 1 / ITEMS
    bread = centre @ np.linalg.inv(hessian(p) + shift)
    s = w[:, None] * scores(p)
    factor = 1.0
    if clustered:
        groups = [s[cluster[kept] == g].sum(0) for g in np.unique(cluster[kept])]
        n, g = len(kept), len(groups)
        s, factor = np.stack(groups), g / (g - 1) * (n - 1) / (n - (size - 1))
    errors = np.sqrt(np.diag(bread @ (s.T @ s) @ bread.T) * factor)
    return {
        "ties": rule, "side": side, "standardize": standardize, "penalty": penalty, "weighted": weighted,
        "clustered": clustered, "least": least, "ratings": p[:ITEMS].tolist(), "tie_parameter": float(np.exp(p[ITEMS])) if ties else None,
        "coefficients": p[ITEMS + ties:].tolist(), "log_likelihood": float(w @ rows(p)),
        "rating_errors": errors[:ITEMS].tolist(), "coefficient_errors": errors[ITEMS + ties:].tolist(),
    }


CASES = [
    ("half", False, "z-score", 0.0, False, False), ("half", False, "z-score", 2.5, False, False),
    ("half", True, "z-score", 1.0, True, True), ("drop", False, "scale", 1.0, False, False),
    ("davidson", True, "z-score", 1.0, False, False), ("davidson", False, "none", 0.0, True, True),
    ("rao-kupper", False, "z-score", 1.0, False, False), ("rao-kupper", True, "scale", 0.5, True, True),
    ("half", True, "z-score", 1.0, False, True, 8), ("drop", False, "z-score", 1.0, True, False, 3),
]
print(json.dumps({
    "source": "tests/generators/covariates.py, NumPy " + np.__version__,
    "rows": [{"left": int(a), "right": int(b), "share": float(s), "weight": float(v), "cluster": int(c), "x": r.tolist()}
             for a, b, s, v, c, r in zip(left, right, share, weight, cluster, raw)],
    "fits": [fit(*case) for case in CASES],
}, indent=1))
