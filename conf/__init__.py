"""Settings, profiles, policies and the other data that configure a run."""
