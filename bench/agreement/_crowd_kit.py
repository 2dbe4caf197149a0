"""Fit each class with crowd-kit, in an environment that has it, and print the results as JSON.

Argument: an .npz with ``exams`` and ``readers``, shape (n_readings,), and ``labels``, shape
(n_readings, n_classes). Building the tables is not timed.
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
    readings = np.load(sys.argv[1])
    n_readers = int(readings["readers"].max()) + 1
    seconds, theta, steps = [], [], []
    for labels in readings["labels"].T:
        table = pd.DataFrame(
            {"task": readings["exams"], "worker": readings["readers"], "label": labels}
        )
        model = DawidSkene()
        start = time.process_time()
        model.fit(table)
        seconds.append(time.process_time() - start)
        theta.append(parameters(model, n_readers))
        steps.append(len(model.loss_history_))
    print(json.dumps({"seconds": seconds, "theta": theta, "steps": steps}))


def parameters(model: Any, n_readers: int) -> list[float]:
    """Return the prevalence, each reader's P(marks | present), then P(marks | absent)."""
    rates = [
        float(model.errors_[truth].get((reader, 1), 0.0))
        for truth in (1, 0)
        for reader in range(n_readers)
    ]
    return [float(model.priors_[1]), *rates]


if __name__ == "__main__":
    main()
