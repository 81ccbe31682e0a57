"""What an evaluation sees and counts: originals and releases face by face, attacks on them, figures with bounds.

Functions here run on executors; ``jobs.evaluate`` sends them there. Templates, faces and pixels stay in memory and in
encrypted shuffles, and never reach the driver or a table.
"""
