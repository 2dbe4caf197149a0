"""Load the readings of this release and print the kappa of each class.

Usage: python example_load.py [readings_long.csv or readings_long.parquet]

Needs pandas, and pyarrow for Parquet. Only people's blind readings count, one per reader and exam,
as in the agreement report of the study. A class that a reader could not assess, or an unreadable
exam, is left out. With two readers, the result is Cohen's kappa. With more, it is Light's kappa,
the mean of the Cohen kappas that are defined. Kappa is undefined when both readers of a pair gave
the same answer to every exam.
"""

import sys
from itertools import combinations
from pathlib import Path

import pandas as pd

PLACES = ("csv/readings_long.csv", "parquet/readings_long.parquet")


def find(arguments: list[str]) -> Path:
    if arguments:
        return Path(arguments[0])
    release = Path(__file__).resolve().parent.parent
    for place in PLACES:
        if (release / place).exists():
            return release / place
    sys.exit(f"This needs one of {', '.join(PLACES)} in {release}, or a file as argument.")


def load(path: Path) -> pd.DataFrame:
    columns = ["exam", "reader", "kind", "purpose", "class", "state"]
    if path.suffix == ".parquet":
        readings = pd.read_parquet(path, columns=columns)
    else:
        readings = pd.read_csv(path, usecols=columns, dtype=str, keep_default_na=False)
    readings = readings[(readings["kind"] == "person") & (readings["purpose"] == "data")]
    return readings[readings["state"].isin(["present", "absent"])]


def cohen_kappa(first: pd.Series, second: pd.Series) -> float | None:
    """Return kappa of two columns of 0 and 1, or None if it is undefined."""
    n = len(first)
    both, one, other = int((first & second).sum()), int(first.sum()), int(second.sum())
    if n == 0 or (one == other == n) or (one == other == 0):
        return None
    observed = n * (one + other - 2 * both)
    expected = one * (n - other) + other * (n - one)
    return 1 - observed / expected


def kappa(readings: pd.DataFrame) -> tuple[float | None, int]:
    """Return the kappa of the readings of one class and the number of exams compared."""
    table = readings.pivot(index="exam", columns="reader", values="state")
    n_exams = int((table.notna().sum(axis=1) >= 2).sum())
    kappas = []
    for first, second in combinations(table.columns, 2):
        pair = table[[first, second]].dropna() == "present"
        value = cohen_kappa(pair[first].astype(int), pair[second].astype(int))
        if value is not None:
            kappas.append(value)
    return (sum(kappas) / len(kappas) if kappas else None), n_exams


def main() -> None:
    readings = load(find(sys.argv[1:]))
    n_readers = readings["reader"].nunique()
    print(f"{readings['exam'].nunique()} exams, {n_readers} readers")
    print(f"{'class':<50} {'exams':>6} {'kappa':>9}")
    for code, of_class in readings.groupby("class", sort=False):
        value, n_exams = kappa(of_class)
        print(f"{code:<50} {n_exams:>6} {'-' if value is None else f'{value:.6f}':>9}")


if __name__ == "__main__":
    main()
