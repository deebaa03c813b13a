"""The API's description: what every operation may answer, with an example each."""

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from referrals.api.problems import KINDS, ProblemOut

PROBLEM = "application/problem+json"
# What any call may meet, what a body may, and what a row in the address may.
ALWAYS, WITH_BODY, WITH_ROW = (400, 401, 403, 422, 429, 500, 503), (409, 411, 413, 415), (404,)
RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}}, 429: RETRY_AFTER, 503: RETRY_AFTER,
}  # fmt: skip
REPLAYED = {
    "Idempotent-Replayed": {
        "description": "“true” if this is the answer to an earlier call with the same Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "A name that you draw for this call, such as a UUID. Sent again within 24 hours with the same "
    "body, the call happens once and the first answer is given again; with another body it is refused (409).",
    "schema": {"type": "string", "maxLength": 255, "pattern": "^[ -~]+$"},
}


class DescribedAPI(NinjaAPI):
    """An API whose description also names what may go wrong; made once, it never changes."""

    _described: OpenAPISchema | None = None

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        if self._described is None:
            self._described = super().get_openapi_schema(**kwargs)
            self._described["components"]["schemas"]["Problem"] = ProblemOut.model_json_schema(
                ref_template="#/components/schemas/{model}"
            )
            for path, operations in self._described["paths"].items():
                for operation in operations.values():
                    _describe(path, operation)
        return self._described


def _describe(path: str, operation: dict[str, Any]) -> None:
    has_body = "requestBody" in operation
    if has_body:
        operation["parameters"] = [*operation.get("parameters", []), IDEMPOTENCY_KEY]
        for answer in operation["responses"].values():
            answer["headers"] = REPLAYED
    statuses = ALWAYS + WITH_BODY * has_body + WITH_ROW * ("{" in path)
    operation["responses"] |= {status: _problem(status) for status in sorted(statuses)}


def _problem(status: int) -> dict[str, Any]:
    kind, title = KINDS[status]
    example = {
        "type": f"urn:goodword:problem:{kind}", "title": title, "status": status,
        "detail": "What happened, and what to change.", "errors": [],
    }  # fmt: skip
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {"description": title, "content": {PROBLEM: content}, "headers": HEADERS.get(status, {})}
