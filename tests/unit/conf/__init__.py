"""Settings, profiles and policies as files."""
