"""
One reconciler for each kind: observe from the caches, plan, apply, report.

What is decided belongs in ``plan``; a controller of one kind does not know those of others.
"""
