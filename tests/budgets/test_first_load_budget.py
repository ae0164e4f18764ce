"""How much a browser fetches before the pod can be used."""

from __future__ import annotations

import gzip
import re

from budget_rig import Pod

MOST_BYTES = 30 * 1024
MOST_FILES = 3


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
