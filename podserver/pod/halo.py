"""HaloPSA as host of the pod: a custom tab, whose address may name the agent under a signature that never runs out.

How far the signature is trusted is the integration's setting (see ``psas/halo.py``): not at all; to name the agent
beside the form of our own sign-in; or alone. It covers the agent and nothing else, so the record of the address is a
wish, as it is at every door.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any, Final

from flask import Response, current_app, jsonify, request

from connectors.base import Member, NotFound, PsaError
from connectors.halo import Halo
from podserver.database import release, writing
from podserver.integrations import refusals
from podserver.integrations.connections import Connections
from podserver.integrations.models import Integration
from podserver.integrations.psas.halo import SIGN_IN_FILLS, SIGN_IN_TRUSTED, sign_in_mode
from podserver.pod.confirmed import count_refusal, let_in_member, refuse_if_closed
from podserver.pod.door import door_of
from podserver.pod.kept import resume
from podserver.pod.knock import Host, Knock, Refused, knock
from podserver.security import failures

HOST = Host(
    "halo",
    "HaloPSA",
    "a HaloPSA ticket",
    screen_field="screen",
    member_field="agentId",
    proof_field="hmac",
    tokens="the tab's URL ends in id=$FAULTID&screen=ticket… on a ticket, in id=$USERID&screen=contact… on a user. "
    "Copy it anew from podserver, under Integrations.",
)
blueprint = door_of(HOST)

_KEPT_SECONDS: Final = 300.0
_MOST_KEPT: Final = 500
# Not failures but questions to the PSA.
_ASKED: Final = failures.Bucket("agents named by tabs of integration", 60, timedelta(minutes=1))
_WRONG: Final = (
    "The tab's signature is not good, so it is not known who you are. Sign in here. "
    "An admin can look whether the tab's secret is the same in HaloPSA and in podserver."
)


@blueprint.post("/<pod_key>/session")
def tab_session(pod_key: str) -> Any:
    """Make of the tab's signature what the integration allows. Public: the signature is in the body.

    Form fields besides a knock's: ``memberid`` and ``memberHash`` are the address's ``agentId`` and ``hmac``. Answers
    ``{token, name, kept}``; ``{problem, password}``; or, where the agent is known and has still to sign in,
    ``{problem, password, named, email}`` with an empty problem.
    """
    at_door = knock(HOST, pod_key)
    agent, proof = at_door.member, request.form.get("memberHash", "")[:200]
    mode = sign_in_mode(at_door.integration)
    if mode == SIGN_IN_TRUSTED:
        connections: Connections = current_app.extensions["connections"]
        psa = connections.to(at_door.integration)
        return let_in_member(at_door, HOST.name, agent, lambda: psa.confirm_member(agent, proof, ""))
    try:
        return resume(at_door)
    except Refused:
        if mode != SIGN_IN_FILLS:
            raise
    return _name(at_door, agent, proof)


def _name(at_door: Knock, agent: str, proof: str) -> Response:
    """Say who the tab's agent is, once the signature is good and HaloPSA knows them. Lets nobody in. Raises Refused."""
    refuse_if_closed(at_door, agent)
    connections: Connections = current_app.extensions["connections"]
    try:
        psa = connections.to(at_door.integration)
        if not isinstance(psa, Halo) or not psa.signed_by_tab(agent, proof):
            count_refusal(at_door, agent)
            raise Refused(_WRONG, 403)
        member = _agents.known(at_door, psa, agent)
    except NotFound:
        raise Refused("HaloPSA does not know the agent whom this tab names. Sign in here.", 403) from None
    except PsaError:
        # The form does without; what is wrong is said by whatever asks HaloPSA next.
        raise Refused("", 503) from None
    if member.inactive or member.api_only:
        raise Refused("HaloPSA has disabled the agent whom this tab names. Sign in here.", 403)
    return jsonify(problem="", password=True, named=f"You are {member.name} in HaloPSA.", email=member.email)


class _Agents:
    """Agents that were read within five minutes, for a name on a form and nothing else."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str], tuple[float, Member]] = {}
        self._lock = threading.Lock()

    def known(self, at_door: Knock, psa: Halo, agent: str) -> Member:
        """An agent, read anew where that is long ago. Raises PsaError, and Refused where too many were asked for."""
        integration: Integration = at_door.integration
        with self._lock:
            at, member = self._kept.get((integration.id, agent), (0.0, None))
        if member is not None and time.monotonic() - at < _KEPT_SECONDS:
            return member
        claim = [(_ASKED, str(integration.id))]
        closed = failures.closed_for(at_door.session, claim, at_door.at)
        release(at_door.session)
        if closed:
            raise Refused("", 429)
        with writing(at_door.session) as session:
            failures.count(session, claim, at_door.at)
        with refusals.noticed(at_door.session, integration, at_door.at):
            member = psa.member(agent)
        with self._lock:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[integration.id, agent] = (time.monotonic(), member)
        return member


_agents: Final = _Agents()
