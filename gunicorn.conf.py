"""gunicorn's settings: threads, because a pod that waits for its PSA must not hold up the others."""

import os
from typing import Any

from podserver.logs import Sieve

bind = f"{os.environ.get('PODSERVER_BIND', '127.0.0.1')}:{os.environ.get('PODSERVER_PORT', '8000')}"
workers = int(os.environ.get("PODSERVER_WORKERS", "2"))
worker_class = os.environ.get("PODSERVER_WORKER_CLASS", "gthread")
threads = int(os.environ.get("PODSERVER_THREADS", "8")) if worker_class == "gthread" else 1
# Loaded once and forked: what the workers never change they share.
preload_app = True
timeout = 60
graceful_timeout = 20
keepalive = 15
# Paths hold opaque keys; the application logs the matched rule instead.
accesslog = None
# For whoever switches it on: without the query, where a PSA's signature may stand.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(B)s %(M)sms'
errorlog = "-"
loglevel = "warning"
# Proxies are judged by PODSERVER_TRUSTED_PROXIES alone.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
limit_request_line = 2048
server_software = "podserver"


def on_starting(server: Any) -> None:
    """A request that cannot be read, or breaks the server itself, is logged with its address."""
    server.log.error_log.addFilter(Sieve())
