"""A file of people: who is new, who changes, who is left alone; through the command, as its user sees it."""

import csv
import random
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.models import Message, Suppression
from referrals.contacts import email_key, phone_key
from referrals.headings import guess
from referrals.models import Advocate, Enrolment, Event
from tests.factories import NOW, AdvocateFactory, ProgramFactory, UserFactory

pytestmark = pytest.mark.django_db

FILE = """Customer ID,First Name,Last Name,Email,Phone,Company,Country,Language,Time Zone,Kind,Owner,Tags,City
C1,Anna,Rossi,Anna.Rossi@shop.example,+39 06 1234567,Acme,Italy,Italian,europe/rome,past customer,paul,"vip; 2026",Rome
C2,Ben,Weber,ben@shop.example,,,,,,,,,
"""


@pytest.fixture
def run(tmp_path, capsys):
    def run(text, *options):
        path = tmp_path / "people.csv"
        path.write_text(text)
        call_command("import_advocates", str(path), *options)
        return capsys.readouterr().out.strip()

    return run


def told(advocate):
    return {f.name: getattr(advocate, f.attname) for f in Advocate._meta.concrete_fields}


def test_every_column_is_known_by_its_heading(run):
    paul = UserFactory(username="paul")

    said = run(FILE)

    assert said == "2 rows: 2 new advocates, 0 changed, 0 as they were; 2 tags put on."
    anna = Advocate.objects.get(external_id="C1")
    assert told(anna) | {"id": 0, "created_at": 0} == {
        "id": 0, "kind": "past_customer", "external_id": "C1", "name": "Anna Rossi", "email": "Anna.Rossi@shop.example",
        "email_key": email_key("anna.rossi@shop.example"), "phone": "+39061234567",
        "phone_key": phone_key("+39061234567"),
        "company": "Acme", "language": "it", "timezone": "Europe/Rome", "country": "IT", "owner": paul.pk,
        "attributes": {"City": "Rome"}, "show_name": True, "user": None, "created_at": 0,
    } | {f.name: f.get_default() for f in Advocate._meta.concrete_fields if f.name not in KNOWN}  # fmt: skip
    assert sorted(anna.tags.values_list("name", flat=True)) == ["2026", "vip"]


KNOWN = {
    "id", "kind", "external_id", "name", "email", "email_key", "phone", "phone_key", "company", "language", "timezone",
    "country", "owner", "attributes", "show_name", "user", "created_at",
}  # fmt: skip


def test_whoever_is_imported_is_as_if_saved_by_hand(run):
    run("email,phone,name\nANNA@Bücher.example,+390612345,Zoë O’Hara\n")
    imported = Advocate.objects.get()
    by_hand = AdvocateFactory(email="x@y.example", phone="+390612345", name="Zoë O'Hara", language="")

    assert imported.email_key == email_key("anna@bücher.example")
    assert (imported.phone_key, imported.name, imported.kind, imported.attributes) == (
        by_hand.phone_key, by_hand.name, by_hand.kind, by_hand.attributes,
    )  # fmt: skip
    imported.full_clean()


def test_the_same_file_again_changes_and_records_nothing(run):
    UserFactory(username="paul")
    run(FILE)
    before = [told(a) for a in Advocate.objects.order_by("pk")], Event.objects.count()

    said = run(FILE)

    assert said == "2 rows: 0 new advocates, 0 changed, 2 as they were; 0 tags put on."
    assert ([told(a) for a in Advocate.objects.order_by("pk")], Event.objects.count()) == before


def test_what_changes_is_an_event_and_what_is_empty_changes_nothing(run):
    UserFactory(username="paul")
    anna = AdvocateFactory(
        external_id="C1", name="Anna Bianchi", email="anna@old.example", company="Old", timezone="Europe/Paris",
        attributes={"City": "Milan", "Plan": "gold"},
    )  # fmt: skip
    text = "Customer ID,Name,Email,Company,Time zone,Owner,City,Tags\n"
    text += "C1,Anna Rossi,anna@new.example,New,,paul,Rome,VIP\n"

    said = run(text)

    assert said == "1 rows: 0 new advocates, 1 changed, 0 as they were; 1 tags put on."
    anna.refresh_from_db()
    assert (anna.name, anna.company, anna.timezone) == ("Anna Rossi", "New", "Europe/Paris")
    assert anna.email_key == email_key("anna@new.example")
    assert anna.attributes == {"City": "Rome", "Plan": "gold"}
    events = Event.objects.filter(advocate=anna).values_list("kind", "data")
    assert {data.get("field", kind): data for kind, data in events} == {
        "tag_applied": {"tag": "VIP"},
        "name": {"field": "name"},
        "email": {"field": "email"},
        "company": {"field": "company", "from": "Old", "to": "New"},
        "owner": {"field": "owner", "from": "", "to": "paul"},
        "City": {"field": "City", "from": "Milan", "to": "Rome"},
    }


def test_somebody_is_found_by_address_and_gets_the_number(run):
    anna = AdvocateFactory(email="anna.rossi@gmail.com")

    run("Customer ID,Email\nC9,annarossi@googlemail.com\n")

    anna.refresh_from_db()
    assert (Advocate.objects.count(), anna.external_id) == (1, "C9")


def test_a_tag_somebody_bears_is_not_news_however_it_is_written(run):
    run("Email,Tags\na@b.example,Über\n")

    assert run("Email,Tags\na@b.example,ÜBER\n").endswith("1 as they were; 0 tags put on.")
    assert Event.objects.filter(kind="tag_applied").count() == 1


def test_an_import_may_enrol_everyone_once_and_sends_nothing(run):
    program = ProgramFactory(slug="acme")
    Suppression.objects.create(key=email_key("ben@shop.example"), reason="by_hand", created_at=NOW)
    UserFactory(username="paul")

    assert run(FILE, "--program=acme").endswith("2 enrolled.")
    assert run(FILE, "--program=acme").endswith("0 enrolled.")

    assert Enrolment.objects.filter(program=program).count() == 2
    assert Event.objects.filter(kind="advocate.enrolled").count() == 2
    assert (Message.objects.count(), Suppression.objects.count()) == (0, 1)


def test_a_dry_run_counts_and_keeps_nothing(run):
    UserFactory(username="paul")

    assert run(FILE, "--dry-run") == (
        "2 rows: 2 new advocates, 0 changed, 0 as they were; 2 tags put on. This was a dry run: nothing was kept."
    )
    assert (Advocate.objects.count(), Event.objects.count()) == (0, 0)


REFUSED = {
    "two rows of one number": (
        "Customer ID,Name\nC1,Anna\nC2,Ben\nC1,Carla\n",
        "Row 4, Customer ID: Row 2 is about the same person. Keep one of them.",
    ),
    "two spellings of one address": (
        "Email\na.b@gmail.com\nab@googlemail.com\n", "Row 3, Email: Row 2 is about the same person. Keep one of them.",
    ),
    "one person by number and by address": (
        "Customer ID,Email\nK1,\n,known@here.example\n",
        "Row 3, the whole row: Row 2 is about the same person. Keep one of them.",
    ),
    "an address of somebody with another number": (
        "Customer ID,Email\nC7,known@here.example\n",
        "Row 2, Email: This address belongs to somebody else here, with customer number “K1”. Correct one of the two.",
    ),
    "an address of somebody without a number": (
        "Customer ID,Email\nK1,free@here.example\n",
        "Row 2, Email: This address belongs to somebody else here. Correct it, or bring the two together first.",
    ),
    "nobody": (
        "Customer ID,Email,Name\n,,Anna\n",
        "Row 2, the whole row: Neither e-mail address nor customer number: nobody could be found again. "
        "Fill one in, or delete the row.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_row_that_cannot_be_told_apart_is_refused_with_its_place(run, case):
    text, sentence = REFUSED[case]
    AdvocateFactory(external_id="K1", email="known@here.example")
    AdvocateFactory(email="free@here.example")

    with pytest.raises(CommandError) as refused:
        run(text)

    assert str(refused.value).splitlines() == [
        sentence, "Nothing was imported. Correct these rows and run it again.",
    ]  # fmt: skip
    assert (Advocate.objects.count(), Event.objects.count()) == (2, 0)


def test_words_of_other_languages_are_read_and_what_is_none_is_left_empty_with_a_warning(run):
    text = "Email,Language,Country,Kind,Time zone,Phone\n"
    text += "a@x.example,Tedesco,Deutschland,Ehemaliger Kunde,,030 123456\n"
    text += "b@x.example,fr-CA,ITA,fournisseur,,06 1234567\nc@x.example,Nederlands,Франция,dipendente,,\n"
    text += "d@x.example,klingon,Atlantis,vip,Mars,call me\n"

    said = run(text)

    assert "4 new advocates" in said
    assert said.endswith(
        "6 cells left empty, such as Row 2, Language: “Tedesco” is no language that we write in. Choose from "
        "en, it, ru, es, nl or fr, or leave this column out."
    )
    names = ("language", "country", "kind", "timezone", "phone")
    assert list(Advocate.objects.order_by("email").values_list(*names)) == [
        ("", "DE", "past_customer", "", "+4930123456"), ("fr", "IT", "supplier", "", "+39061234567"),
        ("nl", "FR", "employee", "", ""), ("", "", "customer", "", ""),
    ]  # fmt: skip


def test_an_owner_who_is_no_colleague_here_keeps_nobody_out(run):
    paul = UserFactory(username="paul")

    said = run("Email,Contact owner\na@x.example,Tom Reed\nb@x.example,paul\n")

    assert "2 new advocates" in said
    assert "1 cells left empty, such as Row 2, Contact owner: No colleague is called “Tom Reed”." in said
    assert list(Advocate.objects.order_by("email").values_list("owner", flat=True)) == [None, paul.pk]


SALESFORCE = """"Contact ID","First Name","Last Name","Mailing Country","Phone","Email","Email Opt Out","Contact Owner"
"0035e00000AbCdE","Zoë","Müller","Switzerland","'+41 79 123 45 67","zoe@x.example","0",""

"Contacts for referral"
"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."
"Confidential Information - Do Not Distribute"
"Generated By:  Maya Okafor  11/26/2026, 3:04 PM"
"""


def test_what_salesforce_writes_beneath_a_report_is_nobody(run):
    assert "1 rows: 1 new advocates" in run(SALESFORCE)
    zoe = Advocate.objects.get()
    assert (zoe.name, zoe.phone) == ("Zoë Müller", "+41791234567")


def test_a_report_of_salesforce_is_recognised():
    assert guess(next(csv.reader(SALESFORCE.splitlines()))).source == "Salesforce"


def test_numbers_that_shopify_guards_are_read_as_numbers(run):
    run("Customer ID,Name,Email\n'7123456789012,Anna,a@x.example\n")

    assert Advocate.objects.get().external_id == "7123456789012"


def test_a_cell_of_mere_space_takes_no_further_field_away(run):
    run("Email,City,Plan\na@x.example,Rome,pro\n")

    said = run("Email,City,Plan\na@x.example,  ,basic\n")

    assert said.startswith("1 rows: 0 new advocates, 1 changed")
    assert Advocate.objects.get().attributes == {"City": "Rome", "Plan": "basic"}


def test_an_import_asks_as_often_for_one_row_as_for_fifty(run, django_assert_max_num_queries):
    counts = []
    for start, rows in ((0, 1), (100, 50)):
        people = "".join(f"C{n},c{n}@x.example,vip,Rome\n" for n in range(start, start + rows))
        text = "Customer ID,Email,Tags,City\n" + people
        with django_assert_max_num_queries(72) as seen:
            run(text, f"--program={ProgramFactory().slug}")
        counts.append(len(seen))

    # The first one makes the tag.
    assert counts[0] - counts[1] in {0, 1, 2}


people = st.lists(
    st.tuples(
        st.sampled_from(["", "C1", "C2", "C3"]), st.sampled_from(["", "a@x.example", "b@x.example", "A@X.example"]),
        st.sampled_from(["", "Anna", "Ben"]), st.sampled_from(["", "vip", "VIP, new"]), st.sampled_from(["", "Rome"]),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(max_examples=8)
@given(rows=people, again=people, seed=st.integers(0, 9))
def test_the_order_of_rows_does_not_matter_and_importing_twice_is_importing_once(
    run_fresh, rows, again, seed
):
    shuffled = random.Random(seed).sample(rows, len(rows))

    first = run_fresh([rows, again, again])
    second = run_fresh([shuffled, again])

    assert first == second


@pytest.fixture
def run_fresh(tmp_path):
    def run_fresh(files):
        """What is there after these files, in an empty house; put back afterwards."""
        with transaction.atomic():
            for rows in files:
                path = tmp_path / "people.csv"
                path.write_text(
                    "Customer ID,Email,Name,Tags,City\n"
                    + "".join(",".join(f'"{c}"' for c in r) + "\n" for r in rows)
                )
                try:
                    call_command("import_advocates", str(path), verbosity=0, stdout=StringIO())
                except CommandError:
                    continue
            left = sorted(
                (
                    a.external_id,
                    a.email,
                    a.name,
                    str(a.attributes),
                    sorted(t.name.lower() for t in a.tags.all()),
                )
                for a in Advocate.objects.prefetch_related("tags")
            )
            events = sorted(map(str, Event.objects.values_list("kind", "data")))
            transaction.set_rollback(True)
        return left, [event.lower() for event in events]

    return run_fresh
