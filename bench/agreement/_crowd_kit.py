"""Fit each class with crowd-kit, in an environment that has it, and print what came of it as JSON.

Argument: an .npz with ``exams`` and ``readers``, shape (n_readings,), and ``said``, shape
(n_readings, n_classes). Making the tables is not timed.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene  # type: ignore[import-not-found]


def main() -> None:
    given = np.load(sys.argv[1])
    n_readers = int(given["readers"].max()) + 1
    seconds, theta, steps = [], [], []
    for said in given["said"].T:
        table = pd.DataFrame({"task": given["exams"], "worker": given["readers"], "label": said})
        model = DawidSkene()
        start = time.process_time()
        model.fit(table)
        seconds.append(time.process_time() - start)
        theta.append(parameters(model, n_readers))
        steps.append(len(model.loss_history_))
    print(json.dumps({"seconds": seconds, "theta": theta, "steps": steps}))


def parameters(model: Any, n_readers: int) -> list[float]:
    """Return prevalence, then P(gives | there) of each reader, then P(gives | not there)."""
    rates = [
        float(model.errors_[truth].get((reader, 1), 0.0))
        for truth in (1, 0)
        for reader in range(n_readers)
    ]
    return [float(model.priors_[1]), *rates]


if __name__ == "__main__":
    main()
