"""A file that the manager has just uploaded, and not looked at yet."""

from datetime import datetime

from campaigns.services.imports import work_off
from referrals.models import ImportFile, Membership, Program

# Two are here already and change, two are new, one address cannot be read.
FAIR = """Customer number,First name,Last name,E-mail,Phone,Company,Tags,Roof
FS-1037,Priya,Shah,priya.shah@customer.example,,,spring fair,south
FS-1074,George,Whitfield,george.whitfield@mail.example,,,,
,Martha,Oduya,martha.oduya@mail.example,07700 900411,,spring fair; newsletter,west
,Leon,Castellane,leon@castellane.example,07700 900412,Castellane Bakeries,spring fair,flat
,Ines,Thornbury,ines.thornbury(at)mail.example,07700 900413,,spring fair,south
"""


def upload_fair(program: Program, *, now: datetime) -> None:
    boss = (
        Membership.objects.filter(program=program, role=Membership.Role.MANAGER)
        .select_related("user")
        .first()
    )
    if boss:
        ImportFile.objects.create(
            uploaded_by=boss.user, uploaded_at=now, name="spring-fair.csv", content=FAIR.encode(), program=program,
            what=ImportFile.PEOPLE, country=program.country,
        )  # fmt: skip
        work_off(now=now)
