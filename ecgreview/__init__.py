"""Domain logic and project configuration of ECG Review.

Importing this package has no side effects: Django is configured in ``settings`` and Celery in
``celery``.
"""
