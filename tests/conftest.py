"""What all tests share: property tests have no deadline, since a busy machine is no failure of what they test."""

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
