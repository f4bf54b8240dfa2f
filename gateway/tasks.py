from celery import shared_task

from gateway import deliveries, partitions, pseudonyms, retention, rounds, settling
from gateway.energy import sampling


@shared_task  # type: ignore[untyped-decorator]  # celery has no types
def sweep_calls() -> None:
    settling.sweep()


@shared_task  # type: ignore[untyped-decorator]
def keep_ledger() -> None:
    settling.sweep()  # a lost call counts for the day on which it began
    partitions.prepare()
    retention.apply()
    pseudonyms.apply()
    deliveries.forget_old()


@shared_task  # type: ignore[untyped-decorator]
def probe_upstreams() -> None:
    rounds.probe_all()


@shared_task  # type: ignore[untyped-decorator]
def read_meters() -> None:
    sampling.sample_all()
