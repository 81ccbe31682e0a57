"""Donors: faces of nobody, or of people who consented, that stand in for others (``methods.stand_in``).

A donor is a face on the canvas of :mod:`.shape`, looking straight ahead with no expression, and where its own points
lie. :mod:`.drawn` draws those that ship; :mod:`.aligned` makes them of photos; :mod:`.faces` keeps and mixes them.
"""
