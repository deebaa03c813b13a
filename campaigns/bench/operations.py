"""The hot operations, each in turns with its yardstick, so that both meet the same machine."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from campaigns.bench.load import PROCESSES, THREADS
from campaigns.bench.report import Line, Measured, line
from campaigns.bench.scratch import Scratch
from campaigns.bench.sink import mail_sink
from campaigns.bench.web import served

TURNS = 2
OPERATIONS = 10
ADVOCATES, REFERRALS, MESSAGES = 3000, 3000, 1500
Started = Sequence[tuple[str, dict[str, Any]]]
Jobs = Callable[..., Started]


def measure_all(scratch: Scratch, seconds: float, application: str) -> Iterator[Line]:
    """Measure each operation for about ``seconds``, and its yardstick as long."""
    known = scratch.run("fill.fill", advocates=ADVOCATES, referrals=REFERRALS, messages=MESSAGES)
    directory = scratch.environment["VAR_DIR"]
    scratch.run(
        "recording.record_requests", directory=directory, key=known["key"], question=known["question"]
    )
    with served(scratch, application) as ours, served(scratch, "campaigns.bench.bare:application") as bare:
        yield from measure_pages(scratch, seconds, known, (ours, bare))
        yield measure_submit(scratch, seconds, known, (ours, bare))
        yield from measure_api(scratch, seconds, known, (ours, bare))
    yield from measure_conversions(scratch, seconds)
    yield measure_delivery(scratch, seconds, "message delivered", "services.requeue")
    yield measure_delivery(scratch, seconds, "ask delivered, within its budget", "services.requeue_as_asks")


def measure_pages(
    scratch: Scratch, seconds: float, known: dict[str, Any], ports: tuple[int, int]
) -> Iterator[Line]:
    clicks = [f"/r/{code}/" for code in known["codes"]]
    pages, forms = [f"/p/{known['program']}/"], [f"/a/{token}/" for token in known["tokens"]]
    for name, paths, yardstick, bar in (
        ("share link, visit recorded", clicks, "bare view, same statements and page", 0.9),
        ("landing page", pages, "same view without middleware", 0.8),
        ("form, opened", forms, "same view without middleware", 0.8),
    ):
        jobs = [partial(_each, "hammer.get", port=port, paths=paths, threads=THREADS) for port in ports]
        ours, bare = _in_turns(scratch, seconds, (jobs[0], jobs[1]), PROCESSES * THREADS)
        yield line(name, ours, yardstick, bare, bar)


def measure_submit(scratch: Scratch, seconds: float, known: dict[str, Any], ports: tuple[int, int]) -> Line:
    form = {"tokens": known["tokens"], "question": known["question"], "threads": THREADS}
    jobs = [partial(_each, "hammer.submit", port=port, **form) for port in ports]
    ours, bare = _in_turns(scratch, seconds, (jobs[0], jobs[1]), PROCESSES * THREADS)
    return line("form with one friend", ours, "bare view, same statements", bare, 0.6)


def measure_api(
    scratch: Scratch, seconds: float, known: dict[str, Any], ports: tuple[int, int]
) -> Iterator[Line]:
    def jobs(port: int, label: str) -> Jobs:
        sales = known["sales"][label]
        return partial(
            _each, "hammer.convert", port=port, key=known["key"], sales=sales, label=label, threads=THREADS
        )

    workers = PROCESSES * THREADS
    both = (jobs(ports[0], "api-many"), jobs(ports[1], "bare-many"))
    ours, bare = _in_turns(scratch, seconds, both, workers)
    yield line("sale with both rewards, by API", ours, "bare view, same statements", bare, 0.6)
    fire = Measured(workers)
    for turn in range(TURNS):
        _run(scratch, jobs(ports[0], "api-one")(seconds=seconds / TURNS, turn=turn), fire)
    yield line("sales of one advocate, by API", fire, "sales of many by API", ours, 0.5)


def measure_conversions(scratch: Scratch, seconds: float) -> Iterator[Line]:
    many, one = (partial(_each, "services.convert", label=label) for label in ("many", "one"))
    ours, fire = _in_turns(scratch, seconds, (many, one), PROCESSES)
    yield line("sale with both rewards", ours)
    yield line("sales of one advocate", fire, "sales of many", ours, 0.5)


def measure_delivery(scratch: Scratch, seconds: float, name: str, requeue: str) -> Line:
    ours, plain = Measured(PROCESSES), Measured(PROCESSES)
    with mail_sink() as port:
        scratch.environment["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
        for _turn in range(TURNS):
            scratch.run(requeue)
            _run(scratch, _each("services.deliver_queue", seconds=seconds / TURNS), ours)
            _run(scratch, _each("services.send_only", seconds=seconds / TURNS), plain)
    if not scratch.run("services.count_sent"):
        raise RuntimeError("No message was sent.")
    return line(name, ours, "only built and sent", plain, 0.6)


def _in_turns(
    scratch: Scratch, seconds: float, jobs: tuple[Jobs, Jobs], workers: int
) -> tuple[Measured, Measured]:
    both = Measured(workers), Measured(workers)
    for turn in range(TURNS):
        for job, measured in zip(jobs, both, strict=True):
            _run(scratch, job(seconds=seconds / TURNS, turn=turn), measured)
    return both


def _run(scratch: Scratch, jobs: Started, measured: Measured) -> None:
    children = [scratch.start(job, **spec) for job, spec in jobs]
    for child in children:
        measured.times += child.answer()


def _each(job: str, turn: int = 0, **spec: Any) -> Started:
    """The job once for each process, with numbers that no other turn has."""
    return [(job, {"number": turn * PROCESSES + n, **spec}) for n in range(PROCESSES)]
