"""Gwet's AC1 of each class with irrCAC, in an environment that has it; prints seconds as JSON.

Argument: an .npz with ``ratings``, shape (n_classes, n_exams, n_readers), float64, NaN for missing.
Building the tables is not timed.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd
from irrCAC.raw import CAC


def main() -> None:
    seconds, values = [], []
    for ratings in np.load(sys.argv[1])["ratings"]:
        table = pd.DataFrame(ratings)
        start = time.perf_counter()
        result = CAC(table, categories=[0, 1]).gwet()
        seconds.append(time.perf_counter() - start)
        values.append(result["est"]["coefficient_value"])
    print(json.dumps({"seconds": seconds, "values": values}))


if __name__ == "__main__":
    main()
