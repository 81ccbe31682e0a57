"""Tests of the review page and of what it rests on; none needs a JVM."""
