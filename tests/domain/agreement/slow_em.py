"""The EM algorithm of Dawid and Skene in plain Python, as a reference implementation."""

from __future__ import annotations

import math
from collections.abc import Sequence

# Per reader: how often they chose each category.
Exam = Sequence[Sequence[float]]


def fixed_point(
    exams: Sequence[Exam], n_steps: int
) -> tuple[list[float], list[list[list[float]]], float]:
    """Return prevalences, error rates and log-likelihood after ``n_steps`` EM steps.

    The first step starts from the estimates of equation 3.1 of the paper.
    """
    n_readers, n_categories = len(exams[0]), len(exams[0][0])
    posterior = []
    for exam in exams:
        counts = [sum(reader[k] for reader in exam) for k in range(n_categories)]
        posterior.append([item / sum(counts) for item in counts])
    for _ in range(n_steps):
        prevalence, rates = _maximize(exams, posterior, n_readers, n_categories)
        posterior, log_likelihood = _expect(exams, prevalence, rates)
    return prevalence, rates, log_likelihood


def _maximize(exams, posterior, n_readers, n_categories):
    prevalence = [sum(row[j] for row in posterior) / len(exams) for j in range(n_categories)]
    rates = []
    for reader in range(n_readers):
        matrix = []
        for j in range(n_categories):
            counts = [
                sum(row[j] * exam[reader][k] for row, exam in zip(posterior, exams, strict=True))
                for k in range(n_categories)
            ]
            matrix.append([item / sum(counts) if sum(counts) else 0.0 for item in counts])
        rates.append(matrix)
    return prevalence, rates


def _expect(exams, prevalence, rates):
    posterior, log_likelihood = [], 0.0
    for exam in exams:
        joint = []
        for j, share in enumerate(prevalence):
            likelihood = share
            for reader, counts in enumerate(exam):
                for k, times in enumerate(counts):
                    likelihood *= rates[reader][j][k] ** times
            joint.append(likelihood)
        posterior.append([item / sum(joint) for item in joint])
        log_likelihood += math.log(sum(joint))
    return posterior, log_likelihood
