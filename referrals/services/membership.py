from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group

from referrals.models import Membership


def regroup(users: Iterable[Any]) -> None:
    """Put each person into the groups of the roles they have somewhere, and out of the others."""
    groups = {group.name: group for group in Group.objects.filter(name__in=Membership.Role.values)}
    for user in users:
        roles = set(Membership.objects.filter(user=user).values_list("role", flat=True))
        user.groups.remove(*(group for name, group in groups.items() if name not in roles))
        user.groups.add(*(group for name, group in groups.items() if name in roles))
