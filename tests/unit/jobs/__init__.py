"""Tests of :mod:`jobs` that need no JVM."""
