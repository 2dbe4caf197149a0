"""Count exams by answer pattern. All agreement coefficients are computed from these counts."""
