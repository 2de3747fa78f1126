"""Fixtures that the tests of executors share, to be imported by name: a second conftest would hide the first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dask_cluster import Cluster

from grader.executors import Executor, LocalExecutor, open_executor


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers that stay: one as `dask worker` starts it, with its nanny, and one without.

    Not for longer than a file: the four processes take a tenth of a core although they do nothing.
    """
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.start_worker()
    made.start_worker("--no-nanny")
    made.wait_for(2)
    yield made
    made.close()


@pytest.fixture(params=["local", "dask"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Each kind of executor, with two workers."""
    if request.param == "local":
        made: Executor = LocalExecutor(2)
    else:
        made = open_executor("dask", workers=0, scheduler=request.getfixturevalue("cluster").address)
    with made:
        yield made
