"""
Which of two resourceVersions is older.

They are revisions of etcd, and by KEP-5504 (stable since Kubernetes 1.35) those of one resource
may be compared as integers. What is no integer is never called older.
"""


def is_older(version: str, than: str) -> bool:
    """Whether *version* was before *than*."""
    return version.isdecimal() and than.isdecimal() and int(version) < int(than)
