"""Tests of what an attacker reaches, in figures with bounds."""
