from smtplib import SMTP

import pytest
from django.core.management import CommandError, call_command

from campaigns.bench import bulk
from campaigns.bench.crowd import Bulk, crowd_data, crowd_table
from campaigns.bench.replay import LARGE, Replay, record
from campaigns.bench.report import Measured, as_data, as_table, line
from campaigns.bench.sink import mail_sink
from campaigns.models import Message, Purpose
from tests.factories import AdvocateFactory, EnrolmentFactory, ProgramFactory


def test_what_was_measured_is_a_rate_and_two_times():
    ours = Measured(workers=2, times=[10.0] * 98 + [20.0, 40.0])

    assert (round(ours.per_second), ours.percentile(50), ours.percentile(99)) == (192, 10, 40)
    assert (Measured().per_second, Measured().percentile(99)) == (0, 0)


@pytest.mark.django_db
def test_a_table_for_people_and_data_for_machines():
    lines = [
        line("landing page", Measured(1, [2.0]), "bare view", Measured(1, [1.0]), 0.8),
        line("sale", Measured(1, [5.0])),
    ]

    assert as_table(lines).splitlines() == [
        "operation     calls  a second  p50 ms  p99 ms  ratio   bar  of the yardstick",
        "landing page      1     500.0     2.0     2.0   0.50  0.80  bare view, 1,000.0",
        "sale              1     200.0     5.0     5.0",
    ]
    data = as_data(lines, "sqlite")
    assert data["operations"][0]["ratio"] == 0.5
    assert list(data["versions"])[1:] == ["CPython", "Django", "gunicorn"]


@pytest.mark.django_db
def test_a_recorded_request_is_replayed_with_what_belongs_to_somebody_else():
    program = ProgramFactory()
    anna, carlo, zoe = (AdvocateFactory(pk=LARGE + n) for n in range(3))
    one = record(lambda: EnrolmentFactory(advocate=anna, program=program))
    other = record(lambda: EnrolmentFactory(advocate=carlo, program=program))

    Replay(one, other, {"advocate": anna.pk}).run({"advocate": zoe.pk})

    assert program.enrolments.filter(advocate=zoe).count() == 1
    assert len({place.token for place in program.enrolments.all()}) == 3
    with pytest.raises(RuntimeError, match="different statements"):
        Replay(one, one * 2, {})


def test_work_on_very_many_is_told_in_seconds_beside_its_bar():
    rows = [Bulk("people imported", 1_000_000, 61.5, 30.25, 21.0, 90.0), Bulk("tick", 10, 0.1, 0.05, 0, 0.5)]

    assert crowd_table(rows).splitlines() == [
        "operation             rows  seconds    bar  processor  MiB more",
        "people imported  1,000,000    61.50  90.00      30.25      21.0",
        "tick                    10     0.10   0.50       0.05       0.0",
    ]
    assert crowd_data(rows)[0]["bar_seconds"] == 90


@pytest.mark.django_db
def test_everybody_in_the_file_comes_in_and_those_who_are_due_are_asked(tmp_path):
    path, program = str(tmp_path / "people.csv"), ProgramFactory()
    bulk.write_file(path, 41)

    assert bulk.import_file(path)["rows"] == 41
    assert bulk.plan()["rows"] == 3
    assert bulk.tick()["rows"] == 10
    assert Message.objects.filter(purpose=Purpose.ASK, program=program).count() == 3
    assert bulk.export()["rows"] == 41


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [["--people=-1"], ["--seconds=0"]])
def test_a_bench_of_nothing_is_refused(wrong):
    with pytest.raises(CommandError, match="above zero"):
        call_command("bench", *wrong)


def test_the_sink_takes_mail_after_mail():
    with mail_sink() as port, SMTP("127.0.0.1", port) as smtp:
        for _ in range(2):
            assert (
                smtp.sendmail("a@bench.example", ["b@bench.example"], "Subject: x\r\n\r\n.hidden dot\r\n")
                == {}
            )
