"""
The kinds: their names, their models, the slim views of what we watch, and their CRDs.

Pure data and functions of it. What to do about the data belongs in ``plan``.
"""
