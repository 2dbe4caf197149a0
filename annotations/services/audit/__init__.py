"""The audit trail: who did what to what, when and why."""

from annotations.services.audit.events import Action, record

__all__ = ["Action", "record"]
