"""
What runs reconcilers and carries out their plans: loop, applier, status writer, HTTP server.

No word of Dask belongs here.
"""
