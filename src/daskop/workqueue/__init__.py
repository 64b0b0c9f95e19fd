"""
A work queue with client-go's semantics, one capability a module: queue, delay, rate limit.

What the items stand for belongs elsewhere.
"""
