"""ConnectWise as host of the pod: sign-in through the Hosted API, besides what every door has.

The page asks its parent window who the member is and posts the answer here. Nothing of it is believed: the proof
goes to the *configured* ConnectWise, and only a member whom it confirms is signed in. Where it cannot confirm, the
page goes on with a kept sign-in of the same member, or offers a password.
"""

from __future__ import annotations

from typing import Any

from flask import current_app, request

from podserver.integrations.connections import Connections
from podserver.pod.confirmed import let_in_member
from podserver.pod.door import door_of
from podserver.pod.knock import Host, knock

# Its set-up table fills [cw_id] and [cw_screen] into the frame's address.
HOST = Host("connectwise", "ConnectWise", "a ConnectWise ticket", vouches=True, screen_field="screen")
blueprint = door_of(HOST)


@blueprint.post("/<pod_key>/session")
def member_session(pod_key: str) -> Any:
    """Sign in a member whom the configured ConnectWise confirms. Public: the proof is in the body.

    Form fields besides a knock's: ``memberid, memberHash, memberContext`` as the parent window gave them. Answers
    ``{token, name, kept}`` or ``{problem, password}``.
    """
    at_door = knock(HOST, pod_key)
    identifier = request.form.get("memberid", "")[:200]
    proof, context = request.form.get("memberHash", "")[:2100], request.form.get("memberContext", "")[:200]
    connections: Connections = current_app.extensions["connections"]
    return let_in_member(
        at_door,
        HOST.name,
        identifier,
        lambda: connections.to(at_door.integration).confirm_member(identifier, proof, context),
    )
