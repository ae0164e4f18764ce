"""How much a browser fetches before the pod can be used."""

from __future__ import annotations

import gzip
import re

import pytest
from budget_rig import Pod
from flask import Flask

MOST_BYTES = 30 * 1024
MOST_FILES = 3


@pytest.fixture
def pod(app: Flask) -> Pod:
    """A pod whose caller is known, on SQLite and on PostgreSQL."""
    return Pod(app)


def test_the_first_load_of_the_pod_is_small_and_few(pod: Pod) -> None:
    page = pod.request("GET", f"/pod/connectwise/{pod.integration.pod_key}?id=48213&screen=ticket")
    files = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert 0 < len(files) <= MOST_FILES, files
    sizes = {"the page": len(page.data)}
    for file in files:
        answer = pod.request("GET", file)
        assert answer.status_code == 200, file
        sizes[file] = len(gzip.compress(answer.data, 6))
    assert sum(sizes.values()) < MOST_BYTES, sizes
