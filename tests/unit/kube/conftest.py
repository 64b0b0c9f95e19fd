"""A scripted server for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daskop.kube.client import Client
from daskop.kube.transport import connect
from daskop.metrics import Metrics
from tests.unit.fakes.http_api import Answer, HttpApi
from tests.unit.kube.connection import Connection


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with HttpApi(lambda _: Answer(200, {"metadata": {}})) as api:
        transport = connect(api.kubeconfig(tmp_path), connections=4)
        metrics = Metrics()
        client = Client(transport, metrics)
        yield Connection(api, transport, metrics, client)
        client.close()
