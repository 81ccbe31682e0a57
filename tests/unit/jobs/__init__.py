"""The jobs, as far as they need no JVM."""
