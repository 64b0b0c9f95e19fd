"""
The API server, in plain JSON: the only package that knows the ``kubernetes`` client.

What a request means to the operator does not belong here.
"""
