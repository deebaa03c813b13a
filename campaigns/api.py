from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from campaigns.services.words import NoWords, share_words
from campaigns.sharing import share_link, ways_to_share
from referrals.api.advocates import READ, place_of
from referrals.api.answers import answer
from referrals.models import Channel, Enrolment

router = Router(tags=["advocates"])


class WayOut(Schema):
    """A way to share: the link that counts for it, ready words, and an address that opens it."""

    name: str = Field(examples=["WhatsApp"])
    link: str = Field(
        description="What a friend opens.", examples=["https://refer.example.com/r/7KXM2PQR/?c=whatsapp"]
    )
    words: str = Field(description="Ready words, free to edit, with the link in them.")
    address: str = Field(description="Opens the sender's own program, with the words in it.")


class LinksOut(Schema):
    """All that your own pages need to let an advocate share."""

    code: str = Field(description="What friends say or type.", examples=["7KXM2PQR"])
    link: str = Field(examples=["https://refer.example.com/r/7KXM2PQR/"])
    qr: str = Field(description="The same as a QR code, an SVG.")
    ways: list[WayOut]


@router.get("/advocates/{advocate_id}/links", response=LinksOut, auth=READ)
def show_links(request: HttpRequest, advocate_id: str) -> HttpResponse:
    """An advocate's links, with words for each channel. The personal link, which opens the form in their
    name, is not among them: only the advocate gets it."""
    place = place_of(request, advocate_id)
    link = share_link(place)
    return answer(LinksOut.model_construct(code=place.code, link=link, qr=f"{link}qr.svg", ways=_ways(place)))


def _ways(place: Enrolment) -> list[WayOut]:
    channels = list(Channel.objects.filter(program=place.program_id, active=True))
    try:
        words = share_words(place)
    except NoWords:
        return []
    return [WayOut.model_construct(**way._asdict()) for way in ways_to_share(place, channels, words)]
