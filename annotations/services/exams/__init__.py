"""Recordings, previous exams and exams that hold the same recording."""
