"""Load over HTTP: threads with a kept-alive connection each, asking again as soon as they are answered."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.client import HTTPConnection, HTTPResponse
from itertools import count
from threading import Thread
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


LETTERS = str.maketrans("0123456789", "ghijklmnop")
SOLD_AT = "2026-03-04T09:00:00Z"
# Into how many parts the friends are shared out: one for each process and turn.
SHARES = 4


class UsedUp(Exception):
    """There is nobody left to sell to."""


class Client:
    """A browser of sorts, that seems to come from another network each time."""

    def __init__(self, port: int, number: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self.numbers = count(number << 13)

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[HTTPResponse, str]:
        n = next(self.numbers)
        came_from = f"{11 + (n >> 16)}.{n >> 8 & 255}.{n & 255}.1"
        self.connection.request(
            method, path, body or None, {"User-Agent": BROWSER, "X-Forwarded-For": came_from} | headers
        )
        response = self.connection.getresponse()
        return response, response.read().decode()

    def get(self, path: str) -> None:
        response, _page = self.ask("GET", path)
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}")


def get(port: int, paths: list[str], seconds: float, threads: int, number: int) -> list[float]:
    """Milliseconds of each answer to the pages in turn."""
    return _hammer(port, seconds, threads, number, lambda client: lambda n: client.get(paths[n % len(paths)]))


def submit(
    port: int, tokens: list[str], question: int, seconds: float, threads: int, number: int
) -> list[float]:
    """Milliseconds of each answer to a form with one friend, each from another advocate's personal link."""

    def prepare(client: Client) -> Callable[[int], None]:
        response, page = client.ask("GET", f"/a/{tokens[0]}/")
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        cookie = (response.getheader("Set-Cookie") or "").partition(";")[0]
        csrf = found.group(1) if found else ""

        def send(n: int) -> None:
            form = friend_form(f"{port}-{number}-{n}", question)
            body = urlencode(form | {"csrfmiddlewaretoken": csrf})
            answer, _page = client.ask("POST", f"/a/{tokens[n % len(tokens)]}/", body, Cookie=cookie, **FORM)
            if answer.status != 302:
                raise RuntimeError(f"The form on port {port} answered {answer.status}")

        return send

    return _hammer(port, seconds, threads, number, prepare)


def friend_form(label: str, question: int) -> dict[str, str]:
    """What somebody types who names one friend; each label is a friend who resembles nobody."""
    letters = sha256(label.encode()).hexdigest().translate(LETTERS)
    name, email = f"{letters[:6]} {letters[6:14]}".title(), f"{letters[:14]}@friends.example"
    friend = {"name": name, "email": email, f"question{question}": "yes"}
    return {"agreed": "on"} | {f"friend1-{name}": value for name, value in friend.items()}


def sale_body(referral: str, order: str) -> str:
    """What another system sends about a sale."""
    sale = {"external_id": order, "referral": referral, "occurred_at": SOLD_AT, "amount": 12900}
    return json.dumps(sale | {"currency": "EUR"})


def convert(
    port: int, key: str, sales: list[str], label: str, seconds: float, threads: int, number: int
) -> list[float]:
    """Milliseconds of each answer to a sale reported by the API, each to another friend."""
    share = len(sales) // SHARES
    mine = sales[number * share : (number + 1) * share]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def prepare(client: Client) -> Callable[[int], None]:
        def send(n: int) -> None:
            if n >= len(mine):
                raise UsedUp
            order = f"{label}-{number}-{n}"
            body = sale_body(mine[n], order)
            response, _page = client.ask(
                "POST", "/api/v1/conversions", body, **headers | {"Idempotency-Key": order}
            )
            if response.status != 201:
                raise RuntimeError(f"The API on port {port} answered {response.status}: {_page[:300]}")

        return send

    return _hammer(port, seconds, threads, number, prepare)


def repeat_sales(port: int, key: str, sales: list[str], requests: int, threads: int) -> dict[str, int]:
    """How often the API answered what, when the same few sales are reported again and again."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    answers: Counter[str] = Counter()

    def run(thread: int) -> None:
        client = Client(port, thread)
        for n in range(thread, requests, threads):
            number = n % len(sales)
            body = sale_body(sales[number], f"repeated-{number}")
            response, _page = client.ask("POST", "/api/v1/conversions", body, **headers)
            answers[str(response.status)] += 1

    workers = [Thread(target=run, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return dict(answers)


def _hammer(
    port: int, seconds: float, threads: int, number: int, prepare: Callable[[Client], Callable[[int], None]]
) -> list[float]:
    times: list[float] = []
    errors: list[Exception] = []

    def run(thread: int) -> None:
        try:
            # Each thread works through numbers of its own.
            times.extend(
                _time_all(prepare(Client(port, number * threads + thread)), seconds, thread, threads)
            )
        except Exception as error:
            errors.append(error)

    workers: list[Any] = [Thread(target=run, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
    return times


def _time_all(send: Callable[[int], None], seconds: float, first: int, step: int) -> Iterator[float]:
    stop = perf_counter() + seconds
    for n in count(first, step):
        start = perf_counter()
        if start > stop:
            return
        try:
            send(n)
        except UsedUp:
            return
        yield (perf_counter() - start) * 1000
