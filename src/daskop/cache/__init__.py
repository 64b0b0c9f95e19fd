"""
Local copies of what the API server holds, kept up to date by watches.

How objects are fetched (``kube``) and what is done about changes (``runtime``) belongs elsewhere.
"""
