from typing import Any

from django import template
from django.template.context import RequestContext

from streaming import configured, services
from streaming.callers import Person
from streaming.models import Screen

register = template.Library()


@register.inclusion_tag("streaming/_gate.html", takes_context=True)
def screen_gate(context: RequestContext) -> dict[str, Any]:
    """This machine's screen on the first page: its picture for those who may watch it."""
    user = context["request"].user
    if not user.is_authenticated:
        screen = main_if_public()
        return {"user": user, "screen": screen, "may_watch": screen is not None, "is_own": False}
    main = configured.main_screen()
    is_own = services.is_own(caller=Person(user), screen=main)
    is_public = main.sharing == Screen.Sharing.PUBLIC
    return {"user": user, "screen": main, "may_watch": is_own or is_public, "is_own": is_own}


def main_if_public() -> Screen | None:
    """For a stranger: nothing is made because of one."""
    return Screen.objects.filter(name=services.MAIN, sharing=Screen.Sharing.PUBLIC).first()
