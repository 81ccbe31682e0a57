"""Tests of the sources family."""
