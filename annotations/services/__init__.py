"""The only writers: a module is a noun, a function a verb; none reads the clock or knows HTTP."""
