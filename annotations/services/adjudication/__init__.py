"""Adjudication of the classes in dispute: what is asked, what is shown, what is decided."""
