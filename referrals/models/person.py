from django.db.models import Q


def is_person(*, email_key: str, phone_key: str) -> Q:
    """Rows about whoever has this mailbox, or this phone. A household shares a phone: whoever has another
    address is another person."""
    found = Q(email_key=email_key) if email_key else Q(pk__in=[])
    if phone_key:
        found |= Q(phone_key=phone_key) & (Q(email_key="") if email_key else Q())
    return found
