"""What was measured, as tables and as aims that are met or not."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench.load import Burst, percentile
from bench.servers import Megabytes

PRODUCT, FLOOR = "podserver", "floor"
# What the product logs, and PostgreSQL says, when connections run out.
EXHAUSTED = ('"error": "TimeoutError"', "QueuePool limit", "too many clients", "remaining connection slots")
LEAST_RATIO, WANTED_RATIO = 0.55, 0.7
MOST_MEGABYTES = 90.0


@dataclass
class Setup:
    """One database and one class of workers, measured. Bursts by flow, clients and side; memory by side."""

    database: str
    worker_class: str
    bursts: dict[tuple[str, int, str], list[Burst]] = field(default_factory=lambda: defaultdict(list))
    poll_statements: int = 0
    megabytes: dict[str, Megabytes] = field(default_factory=dict)
    exhausted: int = 0

    def ratio(self, flow: str, clients: int) -> float:
        """The middle of the ratios of neighbouring bursts."""
        pairs = zip(self.bursts[flow, clients, PRODUCT], self.bursts[flow, clients, FLOOR], strict=True)
        return statistics.median(mine.rate / its.rate if its.rate else 0.0 for mine, its in pairs)

    def cpu(self, flow: str, clients: int, side: str) -> float:
        """What the workers burn for a right answer, in milliseconds."""
        bursts = self.bursts[flow, clients, side]
        answers = sum(len(burst.latencies) for burst in bursts)
        return 1000 * sum(burst.server_cpu for burst in bursts) / answers if answers else 0.0

    def measured(self) -> Iterator[tuple[str, int]]:
        """Each flow at each number of clients."""
        yield from dict.fromkeys((flow, clients) for flow, clients, _side in self.bursts)

    def errors(self, clients: int | None = None) -> Counter[str]:
        """The product's errors by kind, at all numbers of clients or at one."""
        return Counter(
            error
            for (_flow, at, side), bursts in self.bursts.items()
            if side == PRODUCT and clients in (None, at)
            for burst in bursts
            for error in burst.errors
        )


def heading(seconds: float, rounds: int, redis: bool) -> str:
    """What is about to be measured."""
    queue = "Redis" if redis else "a SQLite file, as no Redis answers"
    return (
        f"Bursts of {seconds} s, {rounds} of each side in turn; 2 workers; on PostgreSQL the queue is {queue}.\n"
        "Rates are right answers a second (middle of the bursts), times are milliseconds, the ratio is podserver's\n"
        "rate over the floor's (middle of the pairs). The last three columns are what the workers' CPU spends on an\n"
        "answer, in milliseconds: they hold still also where other work on the machine disturbs the rates.\n"
    )


def table(setup: Setup) -> str:
    """A setup's figures."""
    workers = "2 sync workers" if setup.worker_class == "sync" else "gthread, 2 x 8"
    lines = [
        f"{setup.database}, {workers}",
        f"  {'flow':<18}{'clients':>7}{'rate':>8}{'p50':>7}{'p95':>7}{'errors':>8}{'floor':>9}{'p50':>7}{'p95':>7}"
        f"{'ratio':>8}{'cpu':>7}{'floor':>7}{'ratio':>7}",
    ]
    for flow, clients in setup.measured():
        mine, its = (setup.bursts[flow, clients, side] for side in (PRODUCT, FLOOR))
        lines.append(
            f"  {flow:<18}{clients:>7}{_figures(mine)}{sum(len(b.errors) for b in mine):>8} {_figures(its)}"
            f"{setup.ratio(flow, clients):>8.2f}{_cpu(setup, flow, clients)}"
        )
    shares = [burst.client_share for bursts in setup.bursts.values() for burst in bursts]
    lines += [
        f"  biggest worker: podserver {_size(setup.megabytes[PRODUCT])}, floor {_size(setup.megabytes[FLOOR])}",
        f"  a pending row costs one request each 2 s, and that {setup.poll_statements} SELECT",
        f"  pool exhaustion: {setup.exhausted or 'none'}; "
        f"the client took {statistics.median(shares):.0%} of one core, at most {max(shares):.0%}",
    ]
    floor_errors = sum(len(b.errors) for key, bursts in setup.bursts.items() if key[2] == FLOOR for b in bursts)
    if floor_errors:
        lines.append(f"  the floor had {floor_errors} errors")
    lines += [f"  error: {error} ({count} times)" for error, count in setup.errors().most_common(5)]
    return "\n".join(lines) + "\n"


def _cpu(setup: Setup, flow: str, clients: int) -> str:
    mine, its = (setup.cpu(flow, clients, side) for side in (PRODUCT, FLOOR))
    return f"{mine:>7.2f}{its:>7.2f}{its / mine if mine else 0.0:>7.2f}"


def _size(size: Megabytes) -> str:
    return f"{size.share:.0f} MB ({size.own:.0f} of its own, {size.resident:.0f} with all that it shares)"


def _figures(bursts: Sequence[Burst]) -> str:
    times = [latency for burst in bursts for latency in burst.latencies]
    rate = statistics.median(burst.rate for burst in bursts)
    return f"{rate:>8.0f}{percentile(times, 0.5) * 1000:>7.1f}{percentile(times, 0.95) * 1000:>7.1f}"


def aims(setups: Sequence[Setup]) -> str:
    """Each aim, and whether it is met."""
    lines = ["Aims"]
    for setup in (s for s in setups if s.database == "PostgreSQL"):
        for flow, clients in setup.measured():
            if clients == 8:
                ratio = setup.ratio(flow, clients)
                goal = f", the goal of {WANTED_RATIO} too" if ratio >= WANTED_RATIO else ""
                what = f"PostgreSQL, {setup.worker_class}, 8 clients, {flow}: {ratio:.2f} of the floor"
                lines.append(_aim(what, f"{LEAST_RATIO} or more", ratio >= LEAST_RATIO, goal))
        if setup.worker_class == "gthread" and any(clients == 32 for _flow, clients in setup.measured()):
            errors = sum(setup.errors(32).values())
            what = f"PostgreSQL, gthread 2 x 8, 32 clients: {errors} errors, {setup.exhausted} times out of connections"
            lines.append(_aim(what, "none of either", errors == 0 and setup.exhausted == 0))
    for setup in setups:
        size = setup.megabytes[PRODUCT]
        what = f"{setup.database}, {setup.worker_class}: the biggest worker takes {_size(size)}"
        lines.append(_aim(what, f"below {MOST_MEGABYTES:.0f}", size.share < MOST_MEGABYTES))
    return "\n".join(lines)


def _aim(what: str, wanted: str, met: bool, more: str = "") -> str:
    return f"  {'met    ' if met else 'NOT met'}  {what} (wanted: {wanted}){more}"
