"""Sales brought in by the back office: uploaded, looked at, taken in by the worker."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from campaigns.tasks import read_files
from referrals.cells import read_amount
from referrals.models import Conversion, ImportFile, Refund
from tests.campaigns.test_admin_imports import boss, client, looked_at, upload  # noqa: F401
from tests.cast import client_of, member_of
from tests.factories import ProgramFactory, ReferralFactory

pytestmark = pytest.mark.django_db
SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Currency,Total,Discount Code,Lineitem name,Billing Name,Billing Phone,"
    "Refunded Amount,Id\n"
    "#1,ben@f.example,paid,2026-03-04 10:11:12 +0100,EUR,49.90,,Tea,Ben Weber,02079460123,10.00,501\n"
    "#1,ben@f.example,,,,,,Cup,,,,\n"
    "#2,eva@f.example,voided,,EUR,10.00,,Tea,Eva,,,502\n"
)
FILES = {
    "Shopify": (SHOPIFY, [("501", 4990, 3990)]),
    "WooCommerce": (
        "Order Number,Order ID,Order Status,Order Date,Customer Note,Email (Billing),Order Total Amount,Coupon Code\n"
        "1001,1001,completed,2026-03-04 10:11,,ben@f.example,1299.5,\n"
        "1002,1002,on-hold,2026-03-04 10:11,,b@f.example,1,\n",
        [("1001", 129950, 129950)],
    ),
    "Stripe": (
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Customer Email,Converted Amount,Status,Card ID\n"
        'ch_1,2026-03-04 10:11:12,"1,299.00",0.00,eur,ben@f.example,1299.00,Paid,card_1\n'
        "ch_2,2026-03-04 10:11:12,12.00,0.00,eur,ben@f.example,12.00,Failed,card_1\n",
        [("ch_1", 129900, 129900)],
    ),
    "": (
        "Numero ordine;Data;Totale;Indirizzo e-mail;Codice sconto\nA1;05.03.2026;1.234,50 €;ben@f.example;\n",
        [("A1", 123450, 123450)],
    ),
}


@pytest.fixture
def program(boss):  # noqa: F811
    program = boss.memberships.get().program
    program.currency, program.country = "EUR", "GB"
    program.save()
    ReferralFactory(
        enrolment__program=program, email="ben@f.example", submitted_at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    return program


@pytest.mark.parametrize("source", FILES)
def test_orders_of_usual_shops_are_recognised_and_count_once(client, program, source):  # noqa: F811
    text, sold = FILES[source]
    for _again in range(2):
        url = upload(client, text, "sales").url
        read_files()
        page = client.get(url)
        assert (page.context["source"], page.context["wrong"]) == (source, 0)
        client.post(url, {"import": "1"})
        read_files()

    assert [(c.external_id, c.amount, c.left) for c in Conversion.objects.all()] == sold
    assert Refund.objects.count() == (source == "Shopify")


def test_what_a_file_of_sales_would_do_is_shown_first(client, program):  # noqa: F811
    rows = "A1,49.90,ben@f.example,call me,{0}\nA2,5,nobody@f.example,,{0}\nA3,1.234,ben@f.example,,{0}\n"
    url = looked_at(client, "Order ID,Total,Email,Phone,Paid at\n" + rows.format("2026-03-04"), "sales")

    page = client.get(url)
    assert page.context["tiles"] == [
        ("new sales that count", 1), ("recorded before", 0), ("of buyers whom nobody recommended", 1), ("refused", 1),
        ("cells left empty", 1),
    ]  # fmt: skip
    assert page.context["errors"] == [
        [4, "Total", "“1.234” is no amount. Write it as 1234.50, so that it can be read in one way only."]
    ]
    assert not Conversion.objects.exists()

    client.post(url, {"import": "1", "leave_out": "1"})
    read_files()
    assert [c.external_id for c in Conversion.objects.all()] == ["A1"]
    assert "1 sale counts anew." in client.get(url).content.decode()


def test_sales_belong_to_a_program_of_whoever_brings_them(client, program):  # noqa: F811
    other = ProgramFactory()
    url = looked_at(client, "Order ID,Total,Email\nA1,5,ben@f.example\n", "sales")
    chosen = {"read": "1", "column0": "order", "column1": "amount", "column2": "email"}

    page = client.post(url, chosen | {"program": other.pk})
    assert page.status_code == 200 and "Select a valid choice." in page.content.decode()
    ImportFile.objects.update(program=other, status="applying")
    read_files()

    assert not Conversion.objects.exists()
    assert "Say which program these sales belong to." in client.get(url).content.decode()
    assert client_of(member_of(program, "sales")).get(url).status_code == 403


@pytest.mark.parametrize(
    ("cell", "currency", "minor"),
    [
        ("1.234,50", "EUR", 123450), ("1,234.50", "EUR", 123450), ("€ 99", "EUR", 9900), ("99,90", "EUR", 9990),
        ("99,90 €", "EUR", 9990), ("1 234,50", "EUR", 123450), ("1\u202f234,5\u00a0€", "EUR", 123450),
        ("1'234.50 CHF", "CHF", 123450), ("1.234.567", "EUR", 123456700), ("12,345,678.90", "USD", 1234567890),
        ("$1,299.00", "USD", 129900), ("1,234", "JPY", 1234), ("¥1,234", "JPY", 1234), ("129.9000", "EUR", 12990),
        ("0.5", "EUR", 50), ("12 руб.", "RUB", 1200), ("EUR 12.00", "EUR", 1200), ("0", "EUR", 0),
        ("1.234", "EUR", None), ("1,234", "EUR", None), ("1.234", "KWD", None), ("1.23.45", "EUR", None),
        ("1,23,456.00", "EUR", None), ("12,34,56", "EUR", None), ("€5", "USD", None), ("5 EUR", "USD", None),
        ("1.2.3,4", "EUR", None), ("abc", "EUR", None), ("12 34", "EUR", None), ("-1.234,50", "EUR", None),
        ("9.99.", "EUR", None), ("1e5", "EUR", None), ("0.001", "EUR", None),
    ],
)  # fmt: skip
def test_an_amount_is_read_if_it_can_be_read_in_one_way_only(cell, currency, minor):
    if minor is None:
        with pytest.raises(ValidationError):
            read_amount(cell, currency)
    else:
        assert read_amount(cell, currency) == minor
