"""Canaries: known people, laid into copies of an archive's images, to count whom the job leaves visible.

What is pure or runs on executors; ``jobs/canaries.py`` has the rest. ``heads`` cuts people out of photos (with
``matte``), ``sizes`` says how large they become, ``placing`` where they go, ``light`` makes them look like the picture,
``composing`` lays them in, ``judging`` says whether one was caught, ``alike`` whether they look like the archive's own
faces to the detectors. ``photos``, ``hosts`` and ``verdicts`` are functions of partitions; ``files`` writes for them.
"""
