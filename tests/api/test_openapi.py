"""The description keeps its word: whatever is sent is answered as it says."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi import checks

from config.api import api
from config.wsgi import application
from referrals.models import Conversion, Lead
from referrals.public_ids import public_id
from tests.cast import System
from tests.factories import NOW, ReferralFactory, RewardFactory

pytestmark = pytest.mark.django_db
load_all_checks()
SCHEMA, BRIEF = (schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application) for _ in range(2))
# A hundred cases for each operation, one for every bound of every field.
BRIEF.config.phases.coverage.enabled = False
PROMISES = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def spec():
    return api.get_openapi_schema()


@pytest.fixture
def one_connection():
    """The server closes what it finds open between two calls; a test's transaction must outlive them."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def world(one_connection):
    """A key that may do everything, and an id of each thing there is."""
    referral = ReferralFactory()
    sale = Conversion.objects.create(
        program=referral.program, referral=referral, external_id="A1", amount=100, currency="EUR",
        occurred_at=NOW, recorded_at=NOW,
    )  # fmt: skip
    lead = Lead.objects.create(program=referral.program, external_id="L1", submitted_at=NOW)
    system = System(referral.program)
    system.key.calls_a_minute = 10**6
    system.key.save()
    return system.headers, {
        "advocate_id": public_id("adv", referral.enrolment.advocate_id),
        "referral_id": public_id("ref", referral.pk),
        "conversion_id": public_id("con", sale.pk),
        "lead_id": public_id("lea", lead.pk),
        "reward_id": str(RewardFactory(referral=referral).pk),
    }


def test_every_operation_says_all_that_it_may_answer_with_an_example(spec):
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            statuses = set(operation["responses"])
            assert {400, 401, 403, 422, 429, 500, 503} <= statuses, path
            assert (404 in statuses) is ("{" in path)
            assert (409 in statuses) is (method != "get")
            assert "example" in operation["responses"][422]["content"]["application/problem+json"]


@BRIEF.parametrize()
@settings(max_examples=3, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_is_answered_as_described(case, world):
    answer(case, *world)


@pytest.mark.thorough
@SCHEMA.parametrize()
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
def test_every_odd_thing_that_can_be_sent_is_answered_as_described(case, world):
    answer(case, *world)


def answer(case, headers, ids):
    case.path_parameters = {
        name: ids.get(name, value) for name, value in (case.path_parameters or {}).items()
    }

    response = case.call(headers=headers)

    case.validate_response(response, checks=PROMISES)
