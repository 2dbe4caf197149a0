"""ECG Review: the domain of blinded 12-lead ECG reading, and the wiring of the project.

Importing the domain starts nothing: Django and Celery are wired in ``settings`` and ``celery``.
"""
