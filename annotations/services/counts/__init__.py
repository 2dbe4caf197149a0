"""Pattern counts: how many exams were answered in which way, updated after each reading."""
