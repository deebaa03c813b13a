"""The parameters of an address: one that it does not know is refused, not passed over."""

from collections.abc import Callable, Collection
from difflib import get_close_matches
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from referrals.api.problems import Problem

Run = Callable[..., HttpResponse]


def known_parameters_only(run: Run) -> Run:
    """``run`` of an operation, for calls whose address carries what its description names, each once."""
    known = _known(run.__self__)  # type: ignore[attr-defined]

    @wraps(run)
    def door(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        errors = [
            {"parameter": name, "detail": detail}
            for name, given in request.GET.lists()
            if (detail := _wrong(name, len(given), known))
        ]
        if errors:
            return Problem(
                400, "Nothing was done. Change the address as “errors” says.", errors=errors
            ).answer()
        return run(request, **kwargs)

    return door


def _known(operation: Any) -> list[str]:
    models = [model for model in operation.models if model.__ninja_param_source__ == "query"]
    return [name for model in models for name in model.__ninja_flatten_map__]


def _wrong(name: str, times: int, known: Collection[str]) -> str:
    if name in known:
        return "" if times == 1 else "Send it once: of several, only one would count."
    near = get_close_matches(name, known, n=1)
    meant = f" Did you mean “{near[0]}”?" if near else ""
    takes = f"It takes {', '.join(known)}." if known else "It takes none."
    return f"This address takes no such parameter.{meant} {takes}"
