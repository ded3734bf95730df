"""The one thing all of our errors have in common: a person can put them right."""


class NoviceError(ValueError):
    """A known mistake: one sentence with what is wrong, the value, and what to do."""
