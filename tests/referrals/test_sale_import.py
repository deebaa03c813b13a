from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from referrals.models import Conversion, Refund
from rewards.models import Reward
from tests.factories import EnrolmentFactory, ProgramFactory, ReferralFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db

SALES = """no,total,day,mail,code
A1,49.90,2026-03-03,ben@friend.example,
A2,10,2026-03-03,nobody@else.example,
A3,30,2026-03-03,cleo@friend.example,{code}
"""
COLUMNS = ("order=no", "amount=total", "occurred_at=day", "email=mail")


@pytest.fixture
def program():
    return ProgramFactory(slug="friends", currency="EUR")


@pytest.fixture
def run(tmp_path, capsys):
    def run(text, *options, columns=COLUMNS):
        path = tmp_path / "sales.csv"
        path.write_text(text)
        named = [f"--column={column}" for column in columns]
        call_command("import_conversions", str(path), "--program=friends", *named, *options)
        return capsys.readouterr().out.strip()

    return run


def test_sales_of_a_file_count_for_whoever_recommended_the_buyer_once(run, program, now):
    RewardRuleFactory(program=program)
    ReferralFactory(
        enrolment__program=program, email="ben@friend.example", submitted_at=now - timedelta(days=5)
    )
    place = EnrolmentFactory(program=program)
    text = SALES.format(code=place.code)

    assert run(text) == (
        "3 rows: 2 new sales that count, 0 recorded before, 1 of buyers whom nobody recommended."
    )
    assert run(text) == (
        "3 rows: 0 new sales that count, 2 recorded before, 1 of buyers whom nobody recommended."
    )
    assert sorted(Conversion.objects.values_list("external_id", "amount")) == [("A1", 4990), ("A3", 3000)]
    assert Reward.objects.count() == 2


def test_what_was_paid_back_by_now_is_a_refund_and_the_same_file_again_changes_nothing(run, program, now):
    ReferralFactory(
        enrolment__program=program, email="ben@friend.example", submitted_at=now - timedelta(days=5)
    )
    text = "no,total,day,mail,back\nA1,49.90,2026-03-03,ben@friend.example,{}\n"
    columns = (*COLUMNS, "refunded=back")

    for paid_back in ("", "10", "10", "29.90"):
        run(text.format(paid_back), columns=columns)

    assert Conversion.objects.get().left == 2000
    assert list(Refund.objects.order_by("pk").values_list("amount", flat=True)) == [1000, 1990]


def test_a_dry_run_keeps_nothing(run, program, now):
    ReferralFactory(
        enrolment__program=program, email="ben@friend.example", submitted_at=now - timedelta(days=5)
    )

    assert run(SALES.format(code=""), "--dry-run").endswith("This was a dry run: nothing was kept.")
    assert Conversion.objects.count() == 0


def test_one_wrong_row_and_nothing_is_kept(run, program, now):
    ReferralFactory(
        enrolment__program=program, email="ben@friend.example", submitted_at=now - timedelta(days=5)
    )
    text = "no,total,day,mail,code\nA1,49.90,2026-03-03,ben@friend.example,\nA2,-1,31/31/2026,ben,\nA3,1\n"

    with pytest.raises(CommandError) as refused:
        run(text)

    lines = str(refused.value).splitlines()
    assert [line.split(":")[0] for line in lines[:4]] == [
        "Row 3, total", "Row 3, day", "Row 3, mail", "Row 4, the whole row",
    ]  # fmt: skip
    assert Conversion.objects.count() == 0


def test_one_order_twice_with_two_amounts_is_refused(run, program):
    with pytest.raises(CommandError, match="Row 3, no: Order “A1” is recorded already, with another amount"):
        run("no,total,mail\nA1,1,ben@friend.example\nA1,2,ben@friend.example\n", columns=COLUMNS[:2])


def test_a_column_that_is_not_there_is_named(run, program):
    with pytest.raises(CommandError, match="The file has no column “total” for amount"):
        run("no,sum\nA1,1\n", columns=COLUMNS[:2])
