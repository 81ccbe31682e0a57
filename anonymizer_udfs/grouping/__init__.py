"""An archive's people in groups of at least k, for ``k_same``: disjoint, frozen, with no square of their number.

From faces to groups, each step a pure function that needs no Spark:

1. ``strata``: which way a face looks, and whether its mouth is wide (k-Same-Select, Gross et al. 2005);
2. ``cells``: each template in its nearest few cells, so that not all pairs are compared;
3. ``linking``: in a cell, chains of templates that a recognizer calls alike; components of all cells are people;
4. ``frozen``: who is in a group stays there, who would be in two gets none;
5. ``shards`` and ``partition``: new people of one stratum, those who are alike together, in groups of k to 2k - 1;
6. ``heads``: the mean of a group's heads on the canvas, each person once.

``arrow`` has them as functions over Arrow for executors; ``jobs`` puts them in order.
"""
