"""
What to do: from what is observed to a plan, for each kind.

Pure functions. No I/O, clock, thread, log or metric belongs here; time is an argument.
"""
