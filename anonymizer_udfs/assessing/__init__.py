"""What is in an archive and how much is at stake in it, told from a sample before anything is written.

``looking`` is the work on executors: a sampled image goes the whole way of the job, its result is dropped, and what was
seen and what it took stay. ``estimates`` says what a sample says of all, with intervals: pure functions of numbers.
"""
