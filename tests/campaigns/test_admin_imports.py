"""“Bring in people, sales or events”: upload, look, import; the worker reads, and nobody sees another's file."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from referrals.exports import defuse
from referrals.models import Advocate, Event, ImportFile
from referrals.services.expiry import forget_expired
from referrals.services.uploads import work_off
from tests.cast import client_of, member_of, said
from tests.factories import AdvocateFactory, EnrolmentFactory, ProgramFactory

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:imports")
TEXT = "Record ID,First Name,Last Name,Email,Contact owner,City\nC1,Anna,Rossi,anna@x.example,,Rome\n"


@pytest.fixture
def boss():
    return member_of(ProgramFactory())


@pytest.fixture
def client(boss):
    return client_of(boss)


def upload(client, text=TEXT, what="people", name="people.csv"):
    file = SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())
    return client.post(PAGE, {"what": what, "file": file})


def looked_at(client, text=TEXT, what="people"):
    """The page of a file that the worker has read."""
    url = upload(client, text, what).url
    work_off(now=timezone.now())
    return url


def test_a_file_is_uploaded_looked_at_and_imported(client, boss):
    AdvocateFactory(external_id="C2", name="Ben Weber", email="ben@x.example")
    text = TEXT + "C2,Ben,Weber,ben@new.example,,\n"

    url = upload(client, text).url
    assert client.get(url)["Refresh"] == "2"
    work_off(now=timezone.now())

    page = client.get(url)
    html = page.content.decode()
    assert page.context["tiles"] == [("new", 1), ("changed", 1), ("as they are", 0), ("refused", 0)]
    assert "Looks like an export of HubSpot." in html
    assert "<td>ben@x.example</td><td>ben@new.example</td>" in html
    assert Advocate.objects.count() == 1

    client.post(url, {"import": "1"})
    work_off(now=timezone.now())

    assert "1 person is new, 1 changed." in client.get(url).content.decode()
    assert Advocate.objects.get(external_id="C1").attributes == {"City": "Rome"}
    assert set(Event.objects.values_list("kind", "actor")) == {("field_changed", boss.pk)}
    assert [entry.object_repr for entry in LogEntry.objects.filter(user=boss)] == ["people.csv"] * 2


def test_pressed_twice_or_taken_up_again_it_is_imported_once(client):
    url = looked_at(client)
    client.post(url, {"import": "1"})
    client.post(url, {"import": "1"})
    now = timezone.now()
    dying = ImportFile.objects.claim(now)

    assert work_off(now=now) == 0
    assert work_off(now=now + timedelta(minutes=5)) == 1
    assert work_off(now=now + timedelta(minutes=10)) == 0
    assert ImportFile.objects.get(pk=dying.pk).status == "done"
    assert Advocate.objects.count() == 1


def test_a_file_that_kills_the_worker_is_taken_up_three_times_and_no_more(client):
    url = upload(client).url
    now = timezone.now()

    claimed = [ImportFile.objects.claim(now + timedelta(minutes=10 * n)) is not None for n in range(4)]

    assert claimed == [True, True, True, False]
    work_off(now=now + timedelta(minutes=40))
    assert "Reading this file failed several times." in client.get(url).content.decode()


def test_what_was_chosen_for_the_columns_is_read_and_remembered(client):
    text = "Mail,Nick\nanna@x.example,Anna\n"
    url = looked_at(client, text)
    assert client.get(url).context["file"].columns == {"Mail": "email", "Nick": "further"}

    client.post(url, {"read": "1", "column0": "email", "column1": "name"})
    work_off(now=timezone.now())
    client.post(url, {"import": "1"})
    work_off(now=timezone.now())

    assert Advocate.objects.get().name == "Anna"
    again = looked_at(client, "Nick,Mail\nBen,ben@x.example\n")
    assert client.get(again).context["file"].columns == {"Mail": "email", "Nick": "name"}


def test_a_new_column_forgets_nothing_that_was_chosen_for_the_others_of_this_source(client):
    header = "Record ID,Marketing contact status,Email,Nick,City"
    url = looked_at(client, f"{header}\nC1,Marketing contact,anna@x.example,Anna,Rome\n")
    chosen = ["external_id", "left_out", "email", "name", "left_out"]
    client.post(url, {"read": "1"} | {f"column{n}": target for n, target in enumerate(chosen)})
    work_off(now=timezone.now())
    client.post(url, {"import": "1"})
    work_off(now=timezone.now())

    longer = f"Name,{header},Lifecycle Stage\nX,C1,Marketing contact,anna@x.example,Anna,Rome,lead\n"
    assert client.get(looked_at(client, longer)).context["file"].columns == {
        "Name": "further", **dict(zip(header.split(","), chosen, strict=True)), "Lifecycle Stage": "further",
    }  # fmt: skip
    sheet = looked_at(client, "Nick,Street,Town,Email\nAnna,,,anna@x.example\n")
    assert client.get(sheet).context["file"].columns["Nick"] == "further"


HEADINGS = {
    "Codice cliente;Nome;Cognome;Indirizzo e-mail;Cellulare;Azienda;Paese;Lingua":
        "external_id first_name last_name email phone company country language",
    "Número de cliente;Nombre;Apellidos;Correo electrónico;Móvil;Empresa;País;Idioma":
        "external_id first_name last_name email phone company country language",
    "Prénom;Nom;Adresse e-mail;Téléphone;Société;Pays;Étiquettes":
        "first_name last_name email phone company country tags",
    "Klantnummer;Voornaam;Achternaam;E-mailadres;Telefoon;Bedrijf;Land;Taal":
        "external_id first_name last_name email phone company country language",
    "Имя;Фамилия;Электронная почта;Телефон;Компания;Страна":
        "first_name last_name email phone company country",
    "Kundennummer;Vorname;Nachname;E-Mail-Adresse;Handy;Firma;Land;Sprache":
        "external_id first_name last_name email phone company country language",
    "Vorname;Name;E-Mail": "first_name last_name email",
    "Nom;Courriel": "name email",
    "Имя;Почта": "name email",
    "First name;Last name;Name;Email":
        "first_name last_name further email",
}  # fmt: skip


@pytest.mark.parametrize("header", HEADINGS)
def test_headings_are_known_in_seven_languages(client, header):
    url = looked_at(client, f"{header}\n{';'.join(['x@y.example'] * len(header.split(';')))}\n")

    columns = client.get(url).context["file"].columns
    assert [columns[name] for name in header.split(";")] == HEADINGS[header].split()


def test_a_file_in_which_nobody_has_a_name_says_so_and_imports_below_its_columns(client):
    html = client.get(looked_at(client, "Mail,Nick\nanna@x.example,Anna\n")).content.decode()

    assert "No column holds a name: nobody would be greeted by name." in html
    assert html.index('name="column1"') < html.index('name="import"')
    assert "No column holds a name" not in client.get(looked_at(client)).content.decode()


def test_of_hundreds_of_columns_a_handful_is_proposed_and_all_can_be_chosen(client):
    names = ["Email", "Empty", *(f"P{n}" for n in range(298))]
    url = looked_at(client, f"{','.join(names)}\nanna@x.example,,{','.join(str(n) for n in range(298))}\n")

    page = client.get(url)
    assert [f.label for f in page.context["form"].column_fields()] == ["Email", *(f"P{n}" for n in range(12))]
    assert "287 columns that are not read" in page.content.decode()
    choices = {f"column{n}": "further" for n in range(300)} | {"column0": "email"}
    client.post(url, {"read": "1", **choices})
    work_off(now=timezone.now())
    client.post(url, {"import": "1"})
    work_off(now=timezone.now())

    assert len(Advocate.objects.get().attributes) == 298


def test_one_meaning_for_two_columns_is_sent_back(client):
    url = looked_at(client, "Mail,Nick\nanna@x.example,Anna\n")

    page = client.post(url, {"read": "1", "column0": "email", "column1": "email"})

    assert "“Mail” is read as this already. Choose something else for one of them." in page.content.decode()


def test_without_a_column_to_find_people_by_it_says_so_and_imports_nothing(client):
    url = looked_at(client, "Nick\nAnna\n")

    assert (
        "Say which column holds the e-mail address or the customer number" in client.get(url).content.decode()
    )
    client.post(url, {"import": "1"})
    assert ImportFile.objects.get().status == "read"


def test_refused_rows_are_named_can_be_fetched_and_left_out(client, boss):
    url = looked_at(client, "Email,Note\nanna@x.example,\nben,=1+1\n")
    page = client.get(url)
    assert page.context["errors"] == [
        [3, "Email", "This does not look like an e-mail address. Write it as name@example.com."]
    ]
    assert "Import 1 row, leave 1 out" in page.content.decode()

    answer = client.post(url, {"refused": "1"})
    assert answer["Content-Disposition"] == 'attachment; filename="refused-rows.csv"'
    assert answer.content.decode().splitlines()[1].startswith("3,Email,")
    assert LogEntry.objects.filter(user=boss, change_message="downloaded 1 refused rows").exists()

    client.post(url, {"import": "1", "leave_out": "1"})
    work_off(now=timezone.now())
    assert "1 row was left out." in client.get(url).content.decode()
    assert list(Advocate.objects.values_list("email", flat=True)) == ["anna@x.example"]


def test_rows_that_went_wrong_since_they_were_looked_at_keep_all_out(client):
    url = looked_at(client, "Customer ID,Email\nC1,anna@x.example\n")
    client.post(url, {"import": "1"})
    AdvocateFactory(external_id="C9", email="anna@x.example")

    work_off(now=timezone.now())

    assert client.get(url).context["wrong"] == 1
    assert (ImportFile.objects.get().status, Advocate.objects.count()) == ("read", 1)


def test_events_come_in_the_same_way(client):
    text = "Order date,Customer email,Total\n31/01/2026,anna@x.example,12.50\n"
    url = looked_at(client, text, "purchase")
    assert "Say which currency the amounts are in" in client.get(url).content.decode()
    chosen = {"column0": "occurred_at", "column1": "advocate", "column2": "amount", "currency": "eur"}

    client.post(url, {"read": "1", "create_advocates": "on", **chosen})
    work_off(now=timezone.now())
    assert client.get(url).context["tiles"] == [
        ("new events", 1), ("recorded before", 0), ("new people", 1), ("refused", 0),
    ]  # fmt: skip
    client.post(url, {"import": "1"})
    work_off(now=timezone.now())

    assert "1 event was recorded." in client.get(url).content.decode()
    event = Event.objects.get()
    assert (event.data, event.advocate.email) == ({"amount": 1250, "currency": "EUR"}, "anna@x.example")


def test_what_was_chosen_for_the_whole_file_is_remembered_too(client):
    text = "customer_id,purchased_on,amount_usd\n007,2026-01-02,29.33\n"
    url = looked_at(client, text, "purchase")
    columns = {"column0": "advocate", "column1": "occurred_at", "column2": "amount"}
    choices = {"currency": "usd", "create_advocates": "on", "dates": "day"}
    client.post(url, columns | choices | {"read": "1"})
    work_off(now=timezone.now())
    client.post(url, {"import": "1"})
    work_off(now=timezone.now())

    again = client.get(looked_at(client, text, "purchase"))

    asked = again.context["form"]
    assert [asked[name].value() for name in ("currency", "dates", "create_advocates")] == ["USD", "day", True]
    assert ("recorded before", 1) in again.context["tiles"]


def test_a_file_that_is_none_is_refused_with_a_reason(client):
    url = looked_at(client, b"%PDF-1.7")

    assert "This is no CSV file." in client.get(url).content.decode()


def test_what_nobody_sees_is_shown_as_a_mark(client):
    url = looked_at(client, "Email,Country\nan\0na@x.example,A\0\nben@x.example,I\0\n")

    html = client.get(url).content.decode()

    assert "“I\ufffd” is no country." in html
    assert "\0" not in html


def test_people_of_other_programs_are_not_changed(client):
    stranger = EnrolmentFactory(advocate__external_id="C1").advocate

    url = looked_at(client)

    assert (
        client.get(url)
        .context["errors"][0][2]
        .startswith("This person is in a program that you do not work on.")
    )
    client.post(url, {"import": "1", "leave_out": "1"})
    work_off(now=timezone.now())
    stranger.refresh_from_db()
    assert stranger.attributes == {}


def test_too_large_a_file_is_sent_back(client):
    page = upload(client, b"x" * (10 * 1024 * 1024 + 1))

    assert "This file is larger than 10 MB." in page.content.decode()
    assert not ImportFile.objects.exists()


def test_a_file_is_its_owners_and_managers_only_bring_files_in(client, boss):
    url = looked_at(client)
    colleague = client_of(member_of(boss.memberships.get().program))
    sales = client_of(member_of(boss.memberships.get().program, "sales"))

    for send in (colleague.get, colleague.post):
        assert send(url, {"import": "1"}).status_code == 404
    assert [sales.get(PAGE).status_code, sales.get(url).status_code, upload(sales).status_code] == [403] * 3
    assert Client().get(url).status_code == 302
    assert ImportFile.objects.get().status == "read"


def test_looking_changes_nothing_and_a_file_can_be_deleted(client):
    url = looked_at(client)
    client.get(url, {"import": "1", "delete": "1", "refused": "1"})
    assert ImportFile.objects.get().status == "read"

    page = client.post(url, {"delete": "1"}, follow=True)

    assert said(page) == [("success", "The file is deleted.")]
    assert not ImportFile.objects.exists()


def test_a_day_later_the_file_is_gone(client):
    upload(client)
    now = timezone.now()

    assert (forget_expired(now=now + timedelta(hours=23)), ImportFile.objects.count()) == (0, 1)
    assert (forget_expired(now=now + timedelta(hours=25)), ImportFile.objects.count()) == (1, 0)


def test_pages_ask_as_often_with_three_files_and_rows_as_with_one(client, django_assert_max_num_queries):
    counts = []
    for files in (1, 2):
        for _n in range(files):
            url = looked_at(client, TEXT + "".join(f"D{n},,,d{n}@x.example,,\n" for n in range(files)))
        with django_assert_max_num_queries(14) as seen:
            client.get(PAGE)
            client.get(url)
        counts.append(len(seen))

    assert counts[0] == counts[1]


def test_the_clock_reads_what_no_nudge_announced(client, capsys):
    upload(client)

    call_command("tick")

    assert "Read files of people and events: 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("=1+1", "'=1+1"), ("+39", "'+39"), ("-1", "'-1"), ("@x", "'@x"), ("\t=1", "'\t'=1"), ("＝1", "'＝1"),
        ("a;=1", "a;'=1"), ('a"=1', "a\"'=1"), ("  =1", "'  =1"), ("Anna", "Anna"), ("a=1", "a=1"), (5, "5"),
    ],
)  # fmt: skip
def test_a_cell_is_text_to_a_spreadsheet(cell, text):
    assert defuse(cell) == text
