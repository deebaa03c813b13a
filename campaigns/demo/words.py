"""How Fernhollow Solar speaks, and what it says in its own words."""

from campaigns.models import BrandVoice, MessageTemplate, Purpose
from referrals.models import Advocate, Program

OWN = {
    "purpose": Purpose.ASK,
    "contact_kind": Advocate.Kind.CUSTOMER,
    "language": "en",
    "subject": "Whose roof do you see from your window?",
    "body": """{% if first_name %}Dear {{ first_name }},{% else %}Hello,{% endif %}

Thank you for letting us onto your roof{% if product %}, and for choosing {{ product }}{% endif %}.

Do you know a neighbour who winces at the electricity bill the way you once did? Tell us who, and we look at their \
roof for nothing and say honestly whether it pays.

{% if friend_offer %}
Your neighbour gets {{ friend_offer }}{% if advocate_offer %}, and for you there is {{ advocate_offer }}{% endif %}.
{% endif %}

[Name a neighbour]({{ link }})

{{ sign_off | default: "Warm regards," }}\\
{{ signature }}""",
}


def find_words(program: Program) -> None:
    BrandVoice.objects.create(
        program=program,
        signer="Maya Okafor",
        signer_role="customer care",
        sign_off="Sunny regards,",
    )
    MessageTemplate.objects.create(program=program, **OWN)
