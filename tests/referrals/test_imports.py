import codecs

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from referrals.headings import guess_happening
from referrals.models import Advocate, Event, Tag
from referrals.tables import Table
from tests.factories import AdvocateFactory, ProgramFactory

pytestmark = pytest.mark.django_db

SALES = """customer,day,sum,discs
007,1997-01-01,29.33,2
007,1997-01-01,29.33,2
008,1997-02-03,0.00,1
"""
COLUMNS = ("--column=advocate=customer", "--column=occurred_at=day", "--column=amount=sum")


@pytest.fixture
def run(tmp_path, capsys):
    def run(text, *options, encoding="utf-8", columns=COLUMNS):
        path = tmp_path / "sales.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        call_command(
            "import_events", str(path), "--kind=purchase", "--currency=EUR", "--create-advocates",
            *columns, *options,
        )  # fmt: skip
        return capsys.readouterr().out.strip()

    return run


def test_each_row_becomes_an_event_of_an_advocate(run):
    said = run(SALES)

    assert said == "3 rows: 3 new events, 0 recorded before; 2 new advocates."
    assert list(Advocate.objects.order_by("external_id").values_list("external_id", flat=True)) == [
        "007",
        "008",
    ]
    event = Event.objects.filter(advocate__external_id="008").get()
    assert event.data == {"amount": 0, "currency": "EUR", "discs": "1"}
    assert event.occurred_at.isoformat() == "1997-02-03T00:00:00+00:00"


def test_the_same_file_again_changes_nothing_and_a_longer_one_only_adds(run):
    run(SALES)

    assert run(SALES) == "3 rows: 0 new events, 3 recorded before; 0 new advocates."
    longer = SALES + "007,1997-01-01,29.33,2\n009,1997-03-01,5,1\n"
    assert run(longer) == "5 rows: 2 new events, 3 recorded before; 1 new advocates."
    assert Event.objects.count() == 5


def test_the_order_of_rows_and_columns_does_not_matter(run):
    run(SALES)

    said = run(
        "sum;discs;customer;day\n0;1;008;1997-02-03\n29,33;2;007;1997-01-01\n29.3300;2;007;1997-01-01\n"
    )

    assert said == "3 rows: 0 new events, 3 recorded before; 0 new advocates."


def test_an_import_asks_as_often_for_one_row_as_for_fifty(run, django_assert_num_queries):
    for advocate, rows in (("a", 1), ("b", 50)):
        text = "advocate,occurred_at,amount\n" + f"{advocate},1997-01-01,1\n" * rows
        with django_assert_num_queries(9):
            run(text, columns=())


def test_a_dry_run_counts_and_keeps_nothing(run):
    said = run(SALES, "--dry-run")

    assert said == (
        "3 rows: 3 new events, 0 recorded before; 2 new advocates. This was a dry run: nothing was kept."
    )
    assert (Event.objects.count(), Advocate.objects.count()) == (0, 0)


def test_one_wrong_row_keeps_the_whole_file_out_and_every_wrong_row_is_named(run):
    bad = SALES + ",1997-02-30,-3,1\n010,1997-02-03\n011,2097-01-01,1.234,\x07\n"

    with pytest.raises(CommandError) as refused:
        run(bad)

    assert str(refused.value).splitlines() == [
        "Row 5, customer: This is empty. Fill it in, or delete the row.",
        "Row 5, day: “1997-02-30” is no date. Write it as 2026-03-31 or 2026-03-31T14:05:00+02:00.",
        "Row 5, sum: This is less than nothing. Leave refunds out: they are recorded as such.",
        "Row 6, the whole row: It has 2 cells where the header has 4. "
        "Look for a separator too many or too few.",
        "Row 7, day: 2097-01-01 is too long ago or still to come. Check the year.",
        "Row 7, discs: Remove the invisible characters: type this text instead of pasting it.",
        "Row 7, sum: “1.234” is no amount. Write it as 1234.50, so that it can be read in one way only.",
        "Nothing was imported. Correct these rows and run it again.",
    ]
    assert (Event.objects.count(), Advocate.objects.count()) == (0, 0)


def test_a_file_that_is_all_wrong_is_given_up_after_fifty_rows(run):
    with pytest.raises(CommandError) as refused:
        run(SALES + ",1997-01-01,1,1\n" * 600)

    lines = str(refused.value).splitlines()
    assert (len(lines), lines[-2]) == (52, "These are the first 50; there may be more.")


def test_a_wrong_row_after_the_first_chunk_takes_back_what_was_saved(run):
    with pytest.raises(CommandError, match="^Row 1202, customer: This is empty"):
        run("customer,day,sum\n" + "007,1997-01-01,1\n" * 1200 + ",1997-01-01,1\n")

    assert (Event.objects.count(), Advocate.objects.count()) == (0, 0)


def test_without_leave_to_add_advocates_a_stranger_is_an_error(tmp_path):
    AdvocateFactory(external_id="007")
    path = tmp_path / "sales.csv"
    path.write_text(SALES)

    with pytest.raises(CommandError, match="^Row 4, customer: Nobody is known as “008”"):
        call_command("import_events", str(path), "--kind=purchase", "--currency=EUR", *COLUMNS)

    assert Event.objects.count() == 0


def test_an_amount_is_recognised_with_its_currency_in_the_heading():
    header = ["customer_id", "purchased_on", "quantity", "amount_usd", "Total all day"]

    found = guess_happening(header, ["advocate", "occurred_at", "amount", "currency"]).targets

    assert list(found.values()) == ["advocate", "occurred_at", "further", "amount", "further"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_usual_encoding_and_separator_is_read(run, encoding, separator):
    text = "advocate,occurred_at,amount,città\nJosé,1997-01-01,1,Zürich\n".replace(",", separator)

    run(text, encoding=encoding, columns=())

    assert Event.objects.get().data["città"] == "Zürich"
    assert Advocate.objects.get().external_id == "José"


def test_russian_windows_text_is_read_as_russian(run):
    run("advocate;occurred_at;amount;Город\nПётр;1997-01-01;1;Ёлкино и Юг\n", encoding="cp1251", columns=())

    assert Event.objects.get().data["Город"] == "Ёлкино и Юг"
    assert Advocate.objects.get().external_id == "Пётр"


@pytest.mark.parametrize("word", ["Größe", "créée", "Ñandú", "Überfällig"])
def test_western_words_with_two_accented_letters_in_a_row_are_not_taken_for_russian(run, word):
    run(f"advocate,occurred_at,amount,{word}\n1,1997-01-01,1,x\n", encoding="cp1252", columns=())

    assert word in Event.objects.get().data


def test_a_moment_without_zone_is_in_the_zone_of_the_program(run):
    ProgramFactory(slug="roma", timezone="Europe/Rome")
    text = "advocate,occurred_at,amount\n1,2026-01-10T09:30,1\n1,2026-01-10T09:30:00+00:00,1\n"

    run(text, "--program=roma", columns=())

    times = Event.objects.order_by("occurred_at").values_list("occurred_at", "program__slug")
    assert [(f"{at:%H:%M}", slug) for at, slug in times] == [("08:30", "roma"), ("09:30", "roma")]


def test_a_row_may_name_its_own_currency_and_program(run):
    ProgramFactory(slug="roma")
    text = "advocate,occurred_at,amount,currency,program\n1,2026-01-10,1200,jpy,roma\n1,2026-01-10,12,,\n"

    run(text, columns=())

    rows = Event.objects.order_by("program").values_list("data", "program__slug")
    assert ({"amount": 1200, "currency": "JPY"}, "roma") in rows
    assert ({"amount": 1200, "currency": "EUR"}, None) in rows


def test_a_program_that_is_not_there_is_refused_by_name(run):
    ProgramFactory(slug="roma")
    with pytest.raises(CommandError, match="There is no program “milano”. There is: roma."):
        run(SALES, "--program=milano")
    with pytest.raises(CommandError, match="^Row 2, program: There is no program “milano”"):
        run("advocate,occurred_at,amount,program\n1,2026-01-10,1,milano\n", columns=())


OPEN_QUOTE = "Row 5 cannot be read: a quotation mark is open or out of place. Close or double it."
UNUSABLE = {
    "": "The file is empty. Its first row must name the columns.",
    "a,b\n": "The file has no column “customer” for advocate. It has a, b.",
    "customer,day,sum,day\n": "Two columns are called “day”. Rename or delete one of them.",
    "customer,,sum\n": "Column 2 has no name. Name it in the first row, or delete it.",
    "customer,day,sum,amount\n": (
        "The column “amount” would be lost behind the one that is read as it. Rename it."
    ),
    ",".join(f"c{n}" for n in range(301)): (
        "The file has 301 columns; 300 are allowed. Delete those you do not need."
    ),
    b"PK\x03\x04...": (
        "This is no Excel workbook (.xlsx) that can be read. Save it again as .xlsx without password, or as CSV."
    ),
    b"%PDF-1.7": "This is no CSV file. Open it in your spreadsheet and save it as CSV.",
    SALES + '"007,1997-01-01,1,1\n': OPEN_QUOTE,
    SALES + '"' + "x" * 200_000 + '"': (
        "Row 5 is longer than any row may be. Delete columns that you do not need, and long texts."
    ),
    codecs.BOM_UTF16_LE + b"\x00\xd8": "The file's text is damaged. Save it again as CSV in UTF-8.",
}


@pytest.mark.parametrize(("text", "sentence"), UNUSABLE.items(), ids=range(len(UNUSABLE)))
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(run, text, sentence):
    with pytest.raises(CommandError) as refused:
        run(text)

    assert str(refused.value) == sentence
    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--column=amount", "is no pair. Write it as amount=amount_usd."),
        ("--column=price=sum", "“price” is nothing that is read. Choose from advocate, occurred_at"),
        ("--currency=EURO", "“EURO” is no currency. Write its three letters, such as EUR."),
        ("--kind=conversion.recorded", "invalid choice: 'conversion.recorded'"),
    ],
)
def test_a_wrong_option_is_refused_with_a_sentence(run, option, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(SALES, option)


def test_a_missing_file_is_a_sentence():
    with pytest.raises(CommandError, match="^/nowhere.csv cannot be read: No such file or directory.$"):
        call_command("import_events", "/nowhere.csv", "--kind=purchase")


def test_a_table_closes_what_it_opens(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(SALES)
    with Table(path) as table:
        assert [row.number for row in table] == [2, 3, 4]
    with pytest.raises(ValueError, match="closed file"):
        _ = table.position


def test_empty_rows_are_left_out_and_counted(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("a,b\n\n1,2\n,\n3,4\n")
    with Table(path) as table:
        assert list(table) == [(3, ["1", "2"]), (5, ["3", "4"])]


def test_damage_in_the_middle_is_told_with_its_place(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_bytes(("a,b\n" + "1,2\n" * 20_000).encode("utf-16") + b"\x00\xd8\x00\x00")
    with Table(path) as table, pytest.raises(ValidationError, match="damaged after row"):
        list(table)


SAID = {
    "deal_lost": ("", "", {}),
    "deal_lost with its worth": ("amount", "12.50", {"amount": 1250, "currency": "EUR"}),
    "project_done": ("project", "New roof", {"project": "New roof"}),
    "result": ("result", "Bill halved", {"result": "Bill halved"}),
    "milestone": ("milestone", "100th login", {"milestone": "100th login"}),
    "engaged": ("action", "Webinar", {"action": "Webinar"}),
    "satisfaction": ("score", "10", {"score": 10}),
    "customer_created": ("", "", {}),
    "tag_applied": ("tag", "VIP", {"tag": "VIP"}),
    "list_added": ("list", "Newsletter", {"list": "Newsletter"}),
    "field_changed": ("field", "plan", {"field": "plan"}),
}


@pytest.mark.parametrize("case", SAID)
def test_whatever_happens_outside_comes_in_with_what_its_kind_says(run, case):
    name, cell, data = SAID[case]
    header, row = (f",{name}", f",{cell}") if name else ("", "")

    run(f"advocate,occurred_at{header}\n7,2026-01-10{row}\n", f"--kind={case.split()[0]}", columns=())

    event = Event.objects.get()
    assert (event.kind, event.data, event.advocate.external_id) == (case.split()[0], data, "7")


def test_what_a_kind_must_say_is_asked_for(run):
    with pytest.raises(
        CommandError, match="holds the score from 0 to 10 .“score”.. The file has advocate, occurred_at."
    ):
        run("advocate,occurred_at\n7,2026-01-10\n", "--kind=satisfaction", columns=())
    with pytest.raises(
        CommandError, match="^Row 2, score: “11” is no score. Write a whole number from 0 to 10."
    ):
        run("advocate,occurred_at,score\n7,2026-01-10,11\n", "--kind=satisfaction", columns=())
    with pytest.raises(CommandError, match="^Row 2, tag: This is empty."):
        run("advocate,occurred_at,tag\n7,2026-01-10,\n", "--kind=tag_applied", columns=())


def test_a_tag_put_on_elsewhere_is_on_the_person_here(run):
    Tag.objects.create(name="vip")
    text = "advocate,occurred_at,tag\n7,2026-01-10,VIP\n7,2026-01-11,new\n"

    for _ in range(2):
        run(text, "--kind=tag_applied", columns=())

    assert list(Advocate.objects.get().tags.values_list("name", flat=True)) == ["new", "vip"]


@pytest.mark.parametrize(
    ("written", "options", "day"),
    [
        ("2026-01-10", (), "2026-01-10T00:00"),
        ("2026-01-10 14:05", (), "2026-01-10T14:05"),
        ("10.1.2026", (), "2026-01-10T00:00"),
        ("31/01/2026", (), "2026-01-31T00:00"),
        ("01/31/2026 9:05", (), "2026-01-31T09:05"),
        ("02/01/2026", ("--dates=day",), "2026-01-02T00:00"),
        ("01-02-2026", ("--dates=month",), "2026-01-02T00:00"),
        ("2026/1/10", (), "2026-01-10T00:00"),
        ("10 January 2026", (), "2026-01-10T00:00"),
        ("10-Jan-2026", (), "2026-01-10T00:00"),
        ("Jan. 10, 2026, 09:05:01", (), "2026-01-10T09:05"),
    ],
)
def test_a_date_is_read_as_people_and_systems_write_it(run, written, options, day):
    run(f'advocate;occurred_at\n7;"{written}"\n', "--kind=engaged", *options, columns=())

    assert Event.objects.get().occurred_at.isoformat()[:16] == day


def test_a_date_that_may_be_two_days_is_refused_with_both(run):
    with pytest.raises(CommandError) as refused:
        run("advocate,occurred_at\n7,02/01/2026\n", "--kind=engaged", columns=())

    assert str(refused.value).splitlines()[0] == (
        "Row 2, occurred_at: “02/01/2026” may be 2026-01-02 or 2026-02-01. "
        "Say whether the day or the month comes first in this column."
    )
