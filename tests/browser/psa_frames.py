"""HaloPSA and Autotask beside the world's ConnectWise: connected as an admin does it, the pod in their own screens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from playwright.sync_api import Frame, FrameLocator, Page
from pod_rig import Pod, Stage

from podserver.database import now, writing
from podserver.integrations import service
from podserver.integrations.commands import connect
from podserver.integrations.models import Integration, Psa
from podserver.integrations.psas import kind_of


class FramedPod(Pod):
    """The pod in a frame of this PSA's page, named from the outermost frame to the pod's own."""

    def __init__(self, page: Page, stage: Stage, *frames: str) -> None:
        super().__init__(page, stage)
        self._frames = frames
        root: Page | FrameLocator = page
        for frame in frames:
            root = root.frame_locator(frame)
        self.root = root

    @property
    def frame(self) -> Frame:
        """The frame itself, for scripts."""
        found: Frame = self.page.main_frame
        for selector in self._frames:
            inner = found.wait_for_selector(selector).content_frame()
            assert inner is not None
            found = inner
        return found

    def widen(self, width: int, height: int = 600) -> None:
        """Give the frame this size, whatever the PSA's page gives it."""
        element = self.frame.frame_element()
        element.evaluate(
            "(frame, [width, height]) => { frame.style.cssText ="
            " `position: fixed; inset: 0 auto auto 0; z-index: 9; border: 0; width: ${width}px; height: ${height}px;"
            " min-width: 0; max-width: none`; }",
            [width, height],
        )


class Connected:
    """One PSA of the world, connected to its emulator."""

    def __init__(self, stage: Stage, psa: Psa, values: Mapping[str, str]) -> None:
        self.stage, self.psa = stage, psa
        self.emulator = stage.world.emulators
        with stage.product.session():
            saved = connect(kind_of(psa), values, name=kind_of(psa).title, actor="tests")
            self.id, self.key = saved.id, saved.pod_key
            self.pod_url = service.pod_url(saved, stage.world.web)

    def control(self, name: str, body: Any = None, method: str = "") -> Any:
        """Read a control of the emulator, or set it."""
        address = f"{self.emulator}/{self.psa.value}/_control/{name}"
        answer = requests.request(method or ("GET" if body is None else "POST"), address, json=body, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def set(self, **fields: str) -> None:
        """Change fields of the integration, as an admin does on its page."""
        secrets = kind_of(self.psa).secrets
        with self.stage.product.session() as session, writing(session):
            row = session.get_one(Integration, self.id)
            row.values = {**row.values, **{k: v for k, v in fields.items() if k not in secrets}}
            row.secrets = {**row.secrets, **{k: v for k, v in fields.items() if k in secrets}}

    def loaded_from(self) -> str:
        """Where the pod was last loaded, as the integration's page says."""
        return str(self.stage.sql("SELECT loaded_from FROM integrations WHERE id=:id", id=self.id)[0][0])

    def switch_off(self) -> None:
        """Leave the world as other tests know it, with ConnectWise alone."""
        with self.stage.product.session() as session, writing(session):
            row = session.get_one(Integration, self.id)
            service.set_active(session, row, False, actor="tests", at=now())


@contextmanager
def connected(stage: Stage, psa: Psa, values: Mapping[str, str]) -> Iterator[Connected]:
    """A PSA that is connected inside the block, its emulator as on its first day."""
    requests.post(f"{stage.world.emulators}/{psa.value}/_control/reset", json={}, timeout=10).raise_for_status()
    made = Connected(stage, psa, values)
    try:
        yield made
    finally:
        made.control("reset", {})
        made.switch_off()
