"""What happened at Fernhollow Solar: who named whom, who came by a link, and what became of each.

``fate`` reads "days after, step, detail"; the steps are those of campaigns/demo/steps.py. What has not
happened yet by the hour of the day is left to whoever opens the demo.
"""

from typing import NamedTuple


class Named(NamedTuple):
    """A friend named on the form, so many days ago; rows of one advocate and day go in together."""

    days: int
    advocate: str
    channel: str
    friend: str
    relation: str
    answers: tuple[str, ...]
    fate: tuple[str, ...] = ()


class Came(NamedTuple):
    """A friend who opened a share link and left details, so many days ago."""

    days: int
    advocate: str
    channel: str
    friend: str
    note: str = ""
    fate: tuple[str, ...] = ()


MUCH, SOME, LITTLE = "More than £120 a month", "£60 to £120 a month", "Under £60 a month"
NOW, YEAR, CURIOUS = "As soon as possible", "This year", "Just curious"

NAMED = (
    Named(56, "Priya Shah", "person", "Daniel Osei", "lives across the road", ("yes", MUCH, NOW),
          ("0 yes", "1 reached", "4 qualified", "15 sold 9400", "16 approve", "18 hand_out HSC-7K2M-Q4TX", "30 use")),
    Named(56, "Priya Shah", "person", "Laura Jennings", "same school run", ("yes", SOME, YEAR),
          ("1 no_answer", "2 reached", "12 not_interested Moving house in spring")),
    Named(53, "George Whitfield", "email", "Arthur Pym", "bowls club", ("yes", MUCH, YEAR),
          ("1 yes", "1 reached", "6 qualified", "21 sold 7850", "22 approve", "24 hand_out HSC-3RWD-8PNA")),
    Named(50, "Hannah Lindqvist", "whatsapp", "Sofia Karlsson", "sister", ("yes", MUCH, NOW),
          ("0 yes", "0 qualified", "9 sold 11200", "10 approve", "11 hand_out HSC-5VJT-2MKC", "25 use")),
    Named(47, "Callum Fraser", "person", "The Old Bakery", "I rewired their kitchen", ("yes", MUCH, NOW),
          ("0 qualified", "17 sold 14800", "18 approve", "19 hand_out HSC-9XPB-6DWF")),
    Named(47, "Callum Fraser", "person", "Eleanor Voss", "customer of mine", ("yes", SOME, YEAR),
          ("1 reached", "20 not_interested Roof faces north")),
    Named(43, "Ruth Abernathy", "person", "Walter Finch", "choir", ("no", SOME, CURIOUS),
          ("1 wrong_person The number belongs to somebody else",)),
    Named(41, "Marcus Bello", "sms", "Tunde Adeyemi", "cousin", ("yes", MUCH, NOW),
          ("0 yes", "1 qualified", "19 sold 8600", "20 decline_reward Already paid in cash at the fair")),
    Named(36, "Yasmin Haddad", "email", "Omar Saleh", "brother-in-law", ("yes", MUCH, YEAR),
          ("1 yes", "2 reached", "7 qualified", "33 sold 9950")),
    Named(34, "Hannah Lindqvist", "email", "Daniel Osei", "met at the street party", ("yes", MUCH, NOW)),
    Named(31, "Priya Shah", "whatsapp", "Meera Joshi", "colleague", ("yes", SOME, NOW),
          ("0 yes", "1 reached", "5 qualified", "28 sold 8250", "29 approve")),
    Named(29, "Peter Novak", "person", "Ruth Abernathy", "old neighbour", ("yes", SOME, YEAR)),
    Named(26, "Siobhan Keane", "linkedin", "Graham Lowe", "reader of the newsletter", ("yes", MUCH, YEAR),
          ("0 yes", "1 reached", "8 qualified")),
    Named(24, "Callum Fraser", "person", "Joan Pritchard", "customer of mine", ("yes", LITTLE, CURIOUS),
          ("0 no",)),
    Named(22, "Dev Patel", "email", "Rohan Mehta", "five-a-side", ("yes", MUCH, NOW),
          ("1 yes", "1 qualified", "20 sold 9100")),
    Named(20, "Marcus Bello", "whatsapp", "Grace Eze", "church", ("yes", SOME, YEAR),
          ("1 reached", "6 qualified")),
    Named(17, "George Whitfield", "email", "Pauline Marsh", "bridge evening", ("yes", SOME, CURIOUS),
          ("2 erase",)),
    Named(14, "Alice Moreau", "email", "Julien Petit", "same office", ("yes", MUCH, NOW),
          ("0 yes", "0 reached", "4 qualified")),
    Named(11, "Hannah Lindqvist", "email", "Erik Dahl", "father", ("yes", MUCH, NOW),
          ("0 yes", "1 qualified", "10 sold 12400")),
    Named(9, "Siobhan Keane", "linkedin", "Fiona Burke", "neighbour", ("yes", SOME, YEAR), ("1 reached",)),
    Named(7, "Oliver Grant", "person", "Sam Whitmore", "gym", ("no", LITTLE, CURIOUS),
          ("1 review Same phone as another friend of Oliver",)),
    Named(6, "Priya Shah", "email", "Anita Desai", "book club", ("yes", MUCH, YEAR), ("0 yes", "1 reached")),
    Named(4, "Yasmin Haddad", "whatsapp", "Karim Nasser", "neighbour", ("yes", MUCH, NOW),
          ("1 no_answer", "3 no_answer")),
    Named(3, "Oliver Grant", "email", "Olivier Grant", "brother", ("yes", MUCH, NOW)),
    Named(2, "Callum Fraser", "person", "Bridget Hale", "needs a new fuse board anyway", ("yes", MUCH, NOW)),
    Named(2, "Callum Fraser", "person", "Ned Ashworth", "customer of mine", ("yes", SOME, YEAR)),
    Named(1, "Alice Moreau", "email", "Claire Fontaine", "pilates", ("yes", SOME, NOW), ("0 yes",)),
    Named(0, "Hannah Lindqvist", "whatsapp", "Greta Holm", "next door", ("yes", MUCH, NOW), ("0 yes",)),
    Named(0, "Oliver Grant", "email", "Jack Turner", "works with my wife", ("yes", SOME, YEAR)),
)  # fmt: skip

CAME = (
    Came(45, "Priya Shah", "whatsapp", "Nikhil Rao", "Mornings are best.",
         ("1 reached", "5 qualified", "23 sold 8900", "24 approve", "26 hand_out HSC-4NQF-7ZRB")),
    Came(38, "Siobhan Keane", "linkedin", "Martin Doyle", "",
         ("1 reached", "10 not_interested Went with a cheaper offer")),
    Came(30, "Hannah Lindqvist", "email", "Lisa Bergman", "We have a slate roof.",
         ("0 qualified", "16 sold 10300", "18 approve")),
    Came(18, "Callum Fraser", "qr", "Howard Stubbs", "Saw the sticker on the van.", ("1 reached", "3 qualified")),
    Came(12, "Priya Shah", "whatsapp", "Jaya Menon", "", ("1 no_answer", "2 reached")),
    Came(5, "Marcus Bello", "sms", "Femi Ade", "Please call after six.", ("0 not_ready New roof comes first",)),
    Came(1, "Siobhan Keane", "linkedin", "Deirdre Nolan", "How long does it take?"),
    Came(0, "Callum Fraser", "qr", "Lydia Marsh", "Is there a grant?"),
)  # fmt: skip
