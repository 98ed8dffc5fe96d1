"""Metrics of this process, and of the database's queues, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from circles.store import db, logs
from circles.web.monitoring.probe import State

# Imported at the first request: starting need not wait for it.
if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram
    from prometheus_client.core import Metric
    from prometheus_client.registry import CollectorRegistry

# (values of the labels, value)
Pools = Mapping[str, db.PoolState]
Values = Sequence[tuple[tuple[str, ...], float]]
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@cache
def _requests() -> tuple[CollectorRegistry, Histogram, Counter]:
    from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    seconds = Histogram(
        "circles_request_seconds", "Time to answer, by route", ("route", "method"), registry=registry
    )
    responses = Counter(
        "circles_responses",
        "Responses, by route and status",
        ("route", "method", "status"),
        registry=registry,
    )
    return registry, seconds, responses


def observe_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request. route: its pattern; status: 0 where no response was sent."""
    durations, responses = _of_route(route, method, status)
    durations.observe(seconds)
    responses.inc()


@cache
def _of_route(route: str, method: str, status: int) -> tuple[Histogram, Counter]:
    """The metrics of one kind of response. Kept: finding them by their labels takes longer than counting."""
    _, seconds, responses = _requests()
    return seconds.labels(route, method), responses.labels(route, method, str(status))


def text(state: State | None, pools: Pools) -> bytes:
    """All metrics. state: what the database says, or None where it does not answer; pools: see
    `Database.pool_states`."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Now(state, pools))  # pyright: ignore[reportArgumentType]
    return generate_latest(_requests()[0]) + generate_latest(registry)


class _Now:
    """What is read at each request: the queues, the timetable, the pool, the lines of the log."""

    def __init__(self, state: State | None, pools: Pools) -> None:
        self._state = state
        self._pools = pools

    def collect(self) -> Iterator[Metric]:
        """The metrics; without those of the database where it does not answer."""
        yield from _process_metrics(self._pools)
        yield _gauge("circles_database_up", "Whether the database answers", [((), self._state is not None)])
        if self._state is not None:
            yield from _queue_metrics(self._state)
            yield from _timetable_metrics(self._state)


def _process_metrics(pools: Pools) -> Iterator[Metric]:
    connections = [((name, "in use"), pool.in_use) for name, pool in pools.items()]
    connections += [((name, "idle"), pool.size - pool.in_use) for name, pool in pools.items()]
    limits = [((name,), pool.max_size) for name, pool in pools.items()]
    yield _gauge("circles_pool_connections", "Open connections, by pool", connections, "pool", "state")
    yield _gauge("circles_pool_max", "The most connections that a pool may open", limits, "pool")
    lines = [*logs.counts.items()]
    yield _counter("circles_failures", "Warnings and errors logged", lines, "logger", "level", "event")


def _queue_metrics(state: State) -> Iterator[Metric]:
    for name, rows in (("jobs", state.jobs), ("mails", state.mails)):
        waiting = [((row["kind"],), row["waiting"]) for row in rows]
        oldest = [((row["kind"],), row["oldest_wait"]) for row in rows]
        yield _gauge(f"circles_{name}_waiting", "How many wait, by kind", waiting, "kind")
        yield _gauge(f"circles_{name}_oldest_seconds", "How long the oldest has waited", oldest, "kind")
    for column, text in (("running", "Jobs under way"), ("given_up", "Jobs given up on")):
        values = [((row["kind"],), row[column]) for row in state.jobs]
        yield _gauge(f"circles_jobs_{column}", f"{text}, by kind", values, "kind")
    for column, text in (
        ("runs", "Attempts of jobs that ended"),
        ("failures", "Attempts that raised"),
        ("seconds", "Time that attempts took"),
    ):
        values = [((row["kind"],), row[column]) for row in state.counts]
        yield _counter(f"circles_job_{column}", f"{text}, by kind", values, "kind")
    if state.worker is not None:
        silence = [((), state.worker["silence"])]
        yield _gauge("circles_worker_silence_seconds", "Since the last heartbeat of a worker", silence)


def _timetable_metrics(state: State) -> Iterator[Metric]:
    for column, text in (("succeeded_at", "success"), ("failed_at", "failure")):
        values = [((row["name"],), row[column].timestamp()) for row in state.entries if row[column]]
        yield _gauge(f"circles_timetable_last_{text}_seconds", f"Time of the last {text}", values, "entry")
    failures = [((row["name"],), row["failures"]) for row in state.entries]
    yield _counter("circles_timetable_failures", "Failed runs", failures, "entry")


def _gauge(name: str, text: str, values: Values, *labels: str) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, text, labels=labels)
    for of, value in values:
        family.add_metric(of, float(value))
    return family


def _counter(name: str, text: str, values: Values, *labels: str) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(name, text, labels=labels)
    for of, value in values:
        family.add_metric(of, float(value))
    return family
