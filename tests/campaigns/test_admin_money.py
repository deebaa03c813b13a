from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from rewards.models import Incentive, LedgerEntry, Reward, RewardRule
from rewards.models.ledger import Account
from tests.cast import client_of, member_of, said
from tests.factories import (
    NOW,
    IncentiveFactory,
    ProgramFactory,
    ReferralFactory,
    RewardFactory,
    RewardRuleFactory,
)

pytestmark = pytest.mark.django_db
LIST = reverse("admin:rewards_reward_changelist")


def take(rewards, step, user, **typed):
    chosen = {"action": step, "_selected_action": [str(reward.pk) for reward in rewards], "_do": "1"}
    return client_of(user).post(LIST, {**chosen, **typed}, follow=True)


def test_many_are_approved_at_once_and_their_money_is_owed():
    first = RewardFactory()
    second = RewardFactory(rule=first.rule, referral=ReferralFactory(enrolment=first.enrolment))
    manager = member_of(first.program)

    response = take([first, second], "approve", manager)

    assert said(response) == [("success", "Approve: 2 moved.")]
    assert LedgerEntry.objects.balance(Account.OWED, "EUR") == 8000
    assert set(LogEntry.objects.values_list("user", "change_message")) == {(manager.pk, "Approve")}


def test_approving_twice_moves_nothing_the_second_time():
    reward = RewardFactory()
    manager = member_of(reward.program)
    take([reward], "approve", manager)

    response = take([reward], "approve", manager)

    assert said(response)[0].level == "warning"
    assert LedgerEntry.objects.balance(Account.OWED, "EUR") == 4000


def test_a_decline_needs_a_reason():
    reward = RewardFactory()
    manager = member_of(reward.program)

    asked = take([reward], "decline", manager, reason="", note="The order was cancelled")
    take([reward], "decline", manager, reason="other", note="The order was cancelled")

    assert asked.context["form"].errors["reason"] == ["This field is required."]
    reward.refresh_from_db()
    assert (reward.status, reward.status_reason) == ("declined", "other")
    assert reward.status_note == "The order was cancelled"


def test_a_code_goes_out_with_its_reward():
    reward = RewardFactory(status="approved")

    take([reward], "hand-out", member_of(reward.program), code="GIFT-7K2M")

    reward.refresh_from_db()
    assert (reward.status, reward.code) == ("issued", "GIFT-7K2M")


def test_one_code_is_not_for_two():
    first = RewardFactory(status="approved")
    second = RewardFactory(
        rule=first.rule, referral=ReferralFactory(enrolment=first.enrolment), status="approved"
    )

    response = take([first, second], "hand-out", member_of(first.program), code="GIFT-7K2M")

    assert response.context["form"].errors["code"] == [
        "One code is for one person. Hand these out one by one, or without a code."
    ]
    assert set(Reward.objects.values_list("status", flat=True)) == {"approved"}


def test_what_still_waits_says_until_when():
    due = timezone.now() + timedelta(days=3)
    reward = RewardFactory(status="approved", due_at=due)

    response = take([reward], "hand-out", member_of(reward.program), code="")

    assert said(response) == [("warning", f"1 was left as it is: {reward}: it waits until {due.date()}.")]


def test_the_list_opens_with_what_needs_a_decision():
    wanted = [RewardFactory(), RewardFactory(status="approved")]
    RewardFactory(status="issued")
    RewardFactory(needs_approval=False)
    boss = member_of(wanted[0].program)
    boss.is_superuser = True
    boss.save()

    shown = client_of(boss).get(LIST).context["cl"].result_list
    everything = client_of(boss).get(LIST, {"decide": "all"}).context["cl"]
    by_status = client_of(boss).get(LIST, {"status__exact": "issued"}).context["cl"]

    assert set(shown) == set(wanted)
    assert (everything.result_count, by_status.result_count) == (4, 1)


def test_an_incentive_is_typed_and_shown_as_people_write_money():
    program = ProgramFactory()
    client = client_of(member_of(program))

    client.post(
        reverse("admin:rewards_incentive_add"),
        {
            "program": program.pk, "name": "a gift card", "kind": "gift_card", "value": "12.50",
            "fulfilment": "person", "active": "on",
        },
    )  # fmt: skip
    incentive = Incentive.objects.get()
    form = client.get(reverse("admin:rewards_incentive_change", args=[incentive.pk])).content.decode()
    listed = client.get(reverse("admin:rewards_incentive_changelist")).content.decode()

    assert incentive.value == 1250
    assert 'value="12.50"' in form
    assert "€12.50" in listed


def test_a_currency_without_decimals_gets_none():
    program = ProgramFactory(currency="JPY")
    client = client_of(member_of(program))
    typed = {"program": program.pk, "name": "a gift card", "kind": "gift_card", "fulfilment": "person"}
    url = reverse("admin:rewards_incentive_add")

    refused = client.post(url, {**typed, "value": "12.50"})
    client.post(url, {**typed, "value": "1200"})

    assert refused.context["adminform"].form.errors["value"] == ["Write no more decimals than JPY has."]
    assert Incentive.objects.get().value == 1200


def test_a_rule_keeps_its_smallest_sale_when_it_is_saved_again():
    rule = RewardRuleFactory(minimum=9950)
    client = client_of(member_of(rule.program))
    url = reverse("admin:rewards_rewardrule_change", args=[rule.pk])
    form = client.get(url).context["adminform"].form

    typed = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    client.post(url, {**typed, "hold_days": "7", "ends_at_0": "", "ends_at_1": ""})

    assert RewardRule.objects.values_list("minimum", "hold_days").get() == (9950, 7)
    assert rule.history.count() == 2


def test_the_page_of_a_rule_says_what_it_does():
    rule = RewardRuleFactory(incentive=IncentiveFactory(name="a mug"), minimum=10000)
    rule = RewardRule.objects.get(pk=rule.pk)
    html = client_of(member_of(rule.program)).get(
        reverse("admin:rewards_rewardrule_change", args=[rule.pk])
    )  # fmt: skip

    assert rule.sentence in [str(line) for line in html.context["summary"]]
    assert "€100.00 or more" in rule.sentence


def test_the_ledger_shows_what_stands_where():
    reward = RewardFactory()
    manager = member_of(reward.program)
    Reward.objects.filter(pk=reward.pk).advance("approved", now=NOW)

    page = client_of(manager).get(reverse("admin:rewards_ledgertransaction_changelist"))
    foreign = client_of(member_of(ProgramFactory())).get(
        reverse("admin:rewards_ledgertransaction_changelist")
    )

    assert [(str(name), amount) for name, amount in page.context["balances"]] == [
        ("owed", "€40.00"), ("promised", "-€40.00"),
    ]  # fmt: skip
    assert foreign.context["balances"] == []
