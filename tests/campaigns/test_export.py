"""What the company may take elsewhere, and what a person may ask for."""

import csv
import json
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Message
from campaigns.services.personal_data import everything_about
from campaigns.services.program_export import write_program
from referrals.services.conversion import record_conversion
from referrals.services.referral import Friend, submit_referrals
from tests.cast import client_of, member_of
from tests.factories import EnrolmentFactory, ProgramFactory, ReferralFactory, RewardRuleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(now):
    """She named Ben, who bought, and was herself named by Cleo."""
    place = EnrolmentFactory(advocate__name="Anna Rossi", advocate__email="anna@acme.example")
    RewardRuleFactory(program=place.program)
    [ben] = submit_referrals(place, [Friend("Ben Weber", "ben@friend.example")], agreement="Yes.", now=now)
    record_conversion(ben, external_id="=1+1", amount=4900, currency="EUR", now=now)
    cleo = EnrolmentFactory(program=place.program, advocate__name="Cleo Klein")
    ReferralFactory(enrolment=cleo, name="Anna Rossi", email="anna@acme.example").set_keys()
    return place.advocate


def test_a_person_gets_what_is_known_of_them_and_no_address_of_anybody_else(anna, django_assert_num_queries):
    with django_assert_num_queries(15):
        found = everything_about(anna)

    text = json.dumps(found, default=str)
    assert found["person"][0]["email"] == "anna@acme.example"
    assert [row["friend"] for row in found["friends_named"]] == ["Ben"]
    assert found["rewards"][0]["status"] == "pending"
    assert {row["purpose"] for row in found["messages"]} >= {"referral_thanks", "success_thanks"}
    assert "ben@friend.example" not in text
    assert anna.enrolments.get().token not in text
    assert anna.email_key not in text


def test_the_command_finds_a_person_by_address_and_says_when_there_is_none(anna, tmp_path):
    shown, file = StringIO(), tmp_path / "anna.json"

    call_command("export", person="Anna@ACME.example", stdout=shown)
    call_command("export", person="anna@acme.example", to=str(file))

    assert json.loads(shown.getvalue()) == json.loads(file.read_text())
    with pytest.raises(CommandError, match="Nobody has this e-mail address"):
        call_command("export", person="nobody@acme.example")


def test_a_program_comes_as_tables_of_its_own_rows_without_secrets_and_formulas(anna, tmp_path):
    ReferralFactory(name="Of Another Program")
    place, file = anna.enrolments.get(), tmp_path / "program.zip"

    call_command("export", program=place.program.slug, to=str(file), stdout=StringIO())

    with ZipFile(file) as archive:
        tables = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    friends = list(csv.DictReader(StringIO(tables["referrals.referral.csv"])))
    [sale] = csv.DictReader(StringIO(tables["referrals.conversion.csv"]))
    assert [row["name"] for row in friends] == ["Ben Weber", "Anna Rossi"]
    assert (sale["external_id"], sale["amount"]) == ("'=1+1", "4900")
    assert len(list(csv.DictReader(StringIO(tables["rewards.ledgerentry.csv"])))) == 2
    assert [name for name, text in tables.items() if place.token in text] == []
    assert not file.with_name("program.zip.part").exists()


def test_a_program_without_rows_has_itself_and_nothing_breaks():
    assert write_program(ProgramFactory(), BytesIO())["referrals.program"] == 1


def test_only_who_may_delete_a_person_may_give_out_what_is_known(anna):
    program = anna.enrolments.get().program
    url = f"/admin/referrals/advocate/{anna.pk}/"
    manager, caller = (client_of(member_of(program, role)) for role in ("manager", "sales"))

    given = manager.get(f"{url}data/")

    assert "All that we know about them" in manager.get(f"{url}change/").content.decode()
    assert (given.status_code, "no-store" in given["Cache-Control"]) == (200, True)
    assert given.json()["person"][0]["name"] == "Anna Rossi"
    assert "All that we know about them" not in caller.get(f"{url}change/").content.decode()
    assert caller.get(f"{url}data/").status_code == 404
    assert Message.objects.count()
