"""When a command's output is what the page shows."""

import pytest

from tests.docs.output import fails, is_shown

PODS = """\
NAME                            READY   STATUS    RESTARTS   AGE
a-worker-22f9d8fb28             1/1     Running   0          21s
a-scheduler                     1/1     Running   0          2m3s
"""


@pytest.mark.parametrize(
    "shown",
    [
        (),
        ("...",),
        ("...", "a-scheduler 1/1 Running 0 5d"),
        ("NAME READY STATUS RESTARTS AGE", "...", "a-scheduler ... 1h"),
        (
            "NAME                  READY   STATUS    RESTARTS   AGE",
            "a-worker-fa6d19d62a   1/1     Running   0          3h5m",
            "a-scheduler           1/1     Running   0          9s",
        ),
    ],
)
def test_what_differs_from_run_to_run_does_not_count(shown: tuple[str, ...]) -> None:
    """
    Ages, gaps and workers' names may differ, and dots stand for anything.
    """
    assert is_shown(shown, PODS)


@pytest.mark.parametrize(
    "shown",
    [
        ("a-scheduler 1/1 Running 0 1s",),
        ("...", "a-scheduler 0/1 Running 0 1s"),
        ("...", "a-scheduler 1/1 Running 0 1s", "b 1/1 Running 0 1s"),
        ("NAME READY STATUS RESTARTS AGE", "a-scheduler ...", "..."),
    ],
)
def test_other_output_is_told(shown: tuple[str, ...]) -> None:
    """
    A missing, a different and an additional line are not what the page shows.
    """
    assert not is_shown(shown, PODS)


@pytest.mark.parametrize(
    ("shown", "refused"),
    [
        ("Error from server (NotFound): pods", True),
        ("error: no matches", True),
        ('The DaskCluster "a" is invalid: metadata.name', True),
        ("daskcluster.kubernetes.dask.org/a created", False),
        ("the job ended with an Error", False),
    ],
)
def test_a_page_may_show_a_refusal(shown: str, refused: bool) -> None:
    """
    Output that begins as kubectl's errors do says that the command fails.
    """
    assert refused == fails((shown,))
