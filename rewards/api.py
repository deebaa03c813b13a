from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime

from referrals.api.answers import answer
from referrals.api.fields import ExternalId, Given, Words
from referrals.api.key import Key, key_of
from referrals.api.once import once
from referrals.api.paging import Page, Paged, page_of
from referrals.api.problems import Problem, invalid, not_found
from referrals.api.who import Who, find
from referrals.public_ids import pk_of, public_id
from rewards.models import Incentive, Reward, RewardRule
from rewards.services.goodwill import give_goodwill

router = Router(tags=["rewards"])
READ, WRITE = Key("rewards:read"), Key("rewards:write")
NOT_GIVEN = "Nothing of this program has this id. GET /api/v1/incentives lists what may be given."


class IncentiveOut(Schema):
    """Something that may be given."""

    id: str = Field(examples=["inc_2b0d4c7f0e9a4c1d8a52f8c6f1d9be07"])
    name: str = Field(description="As its recipient sees it.", examples=["a €40 gift card"])
    kind: str = Field(examples=["gift_card"])
    amount: int = Field(description="In minor units, or points.", examples=[4000])
    currency: str = Field(description="ISO 4217, or PTS for points.", examples=["EUR"])

    @classmethod
    def of(cls, row: Incentive) -> "IncentiveOut":
        return cls.model_construct(
            id=public_id("inc", row.pk), name=row.name, kind=row.kind, amount=row.value, currency=row.unit
        )


class Incentives(Page):
    data: list[IncentiveOut]


class RewardIn(Given):
    """Goodwill: something for an advocate without a rule, because it is fair."""

    advocate: Who
    incentive: str = Field(max_length=60, examples=["inc_2b0d4c7f0e9a4c1d8a52f8c6f1d9be07"])
    reason: Annotated[Words, Field(min_length=1, max_length=300)] = Field(
        description="Why; stands in the history.", examples=["Waited three weeks for the first card"]
    )
    external_id: ExternalId = Field(
        "", description="Your number of the cause: sent again, it is the same reward."
    )


class RewardOut(Schema):
    """What one side gets, and how far it is. Codes of cards and coupons are for their recipients only."""

    id: str = Field(examples=["01956f3e-7c2a-7d51-8a41-2f7c51c4b0aa"])
    status: str = Field(examples=["pending"])
    reason: str = Field(description="Why it has this status, where there is more to say.", examples=[""])
    status_at: datetime
    side: str = Field(description="advocate or friend.", examples=["advocate"])
    advocate: str = Field(examples=["adv_3c7a0f5be2f84a19a04d1c3f7f0d2b66"])
    referral: str | None = Field(None, examples=["ref_5d1c0c3f8ab94f0f9a3d0e6c1b7a2f48"])
    incentive: str = Field(description="As its recipient sees it.", examples=["a €40 gift card"])
    kind: str = Field(examples=["gift_card"])
    amount: int | None = Field(
        description="In minor units, or points; none for a gift that is not unwrapped.", examples=[4000]
    )
    currency: str = Field(description="ISO 4217, or PTS for points.", examples=["EUR"])
    needs_approval: bool
    due_at: datetime = Field(description="Not handed out before.")
    expires_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, row: Reward) -> "RewardOut":
        return cls.model_construct(
            id=str(row.pk), status=row.status, reason=row.status_reason, status_at=row.status_at, side=row.side,
            advocate=public_id("adv", row.enrolment.advocate_id),
            referral=public_id("ref", row.referral_id) if row.referral_id else None,
            incentive=row.shown.name, kind=row.shown.kind, amount=None if row.is_wrapped else row.amount,
            currency=row.currency, needs_approval=row.needs_approval, due_at=row.due_at,
            expires_at=row.expires_at, created_at=row.created_at,
        )  # fmt: skip


class Rewards(Page):
    data: list[RewardOut]


class RewardFilter(Paged):
    status: Reward.Status | None = None
    side: RewardRule.Side | None = None
    advocate: str = Field("", max_length=60, description="The id of an advocate.")
    referral: str = Field("", max_length=60, description="The id of a referral.")
    created_after: AwareDatetime | None = None
    changed_after: AwareDatetime | None = Field(None, description="Whose status is newer than this.")

    def apply(self, rows: "QuerySet[Any]") -> "QuerySet[Any]":
        wanted: dict[str, Any] = {
            "status": self.status,
            "side": self.side,
            "created_at__gt": self.created_after,
            "status_at__gt": self.changed_after,
        }
        rows = rows.filter(**{name: value for name, value in wanted.items() if value})
        if self.advocate:
            rows = rows.filter(enrolment__advocate=pk_of("adv", self.advocate))
        return rows.filter(referral=pk_of("ref", self.referral)) if self.referral else rows


def rewards(request: HttpRequest) -> "QuerySet[Any]":
    """The rewards of this key's program, with all that is said of them."""
    rows = Reward.objects.filter(program=key_of(request).program_id)
    return rows.select_related("incentive", "wrapped_in", "enrolment")


@router.get("/rewards", response=Rewards, auth=READ)
def list_rewards(request: HttpRequest, asked: Query[RewardFilter]) -> HttpResponse:
    """The rewards of the program, oldest first."""
    rows, following = page_of(asked.apply(rewards(request)), asked)
    return answer(Rewards.model_construct(data=[RewardOut.of(row) for row in rows], next=following))


@router.post("/rewards", response={201: RewardOut, 200: RewardOut}, auth=WRITE)
@once
def give_reward(request: HttpRequest, body: RewardIn) -> HttpResponse:
    """Promise an advocate something as goodwill. It takes from the budget and from what the program sets aside for
    goodwill in a year, and a person approves it. The same external_id again (200) is the same reward."""
    key = key_of(request)
    place = find(key, body.advocate)
    incentive = _incentives(request).filter(pk=pk_of("inc", body.incentive) or 0).first()
    if incentive is None:
        raise invalid([{"pointer": "/incentive", "detail": NOT_GIVEN}])
    reward = give_goodwill(
        place, incentive, key=f"api:{key.program_id}:{body.external_id or uuid4()}", note=body.reason,
        now=key.asked_at, by=None,
    )  # fmt: skip
    if (reward.enrolment_id, reward.incentive_id) != (place.pk, incentive.pk):
        raise Problem(409, "Something else was given under this external_id. Send another number.")
    status = 201 if reward.created_at == key.asked_at else 200
    return answer(RewardOut.of(rewards(request).get(pk=reward.pk)), status)


@router.get("/incentives", response=Incentives, auth=READ)
def list_incentives(request: HttpRequest, asked: Query[Paged]) -> HttpResponse:
    """What may be given in this program."""
    rows, following = page_of(_incentives(request), asked)
    return answer(Incentives.model_construct(data=[IncentiveOut.of(row) for row in rows], next=following))


def _incentives(request: HttpRequest) -> "QuerySet[Any]":
    rows = Incentive.objects.filter(program=key_of(request).program_id, active=True)
    return rows.select_related("program")


@router.get("/rewards/{reward_id}", response=RewardOut, auth=READ)
def show_reward(request: HttpRequest, reward_id: UUID) -> HttpResponse:
    row = rewards(request).filter(pk=reward_id).first()
    if row is None:
        raise not_found("reward")
    return answer(RewardOut.of(row))
