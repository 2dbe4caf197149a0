"""The Django app: exams, studies, blinded readings, and what is computed from them."""
