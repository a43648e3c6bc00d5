"""The sandbox's pages: what there is, and one where a customer pays or declines."""

from html import escape
from typing import Any

FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sandbox gateway</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>body{{font:1rem/1.5 system-ui;max-width:40rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:.3rem .6rem .3rem 0}}
form{{display:inline}}button{{font:inherit;padding:.4rem 1.2rem;margin-right:.6rem}}</style>
</head><body><main><h1>Sandbox gateway</h1>{body}
<p><small>For trying payments: no money is moved here.</small></p></main></body></html>
"""
BUTTONS = """<form method="post" action="/pay/{reference}/pay"><button>Pay</button></form>
<form method="post" action="/pay/{reference}/decline"><button>Decline</button></form>"""


def home(charges: list[dict[str, Any]]) -> str:
    rows = "".join(
        f'<tr><td><a href="/pay/{escape(each["reference"])}">{escape(each["order_id"])}</a></td>'
        f"<td>{escape(each['amount'])} {escape(each['currency'])}</td>"
        f"<td>{escape(each['status'])}</td></tr>"
        for each in charges
    )
    head = "<tr><th>Order</th><th>Amount</th><th>Status</th></tr>"
    none = "<p>Nothing has been charged yet.</p>"
    return FRAME.format(body=f"<table>{head}{rows}</table>" if rows else none)


def charge(shown: dict[str, Any]) -> str:
    asked = f"<p>Order {escape(shown['order_id'])}: <strong>{escape(shown['amount'])} "
    asked += f"{escape(shown['currency'])}</strong></p>"
    if shown["status"] == "requires_action":
        return FRAME.format(body=asked + BUTTONS.format(reference=escape(shown["reference"])))
    asked += f'<p role="status">{escape(shown["status"])}</p>'
    if shown["return_url"]:
        asked += f'<p><a href="{escape(shown["return_url"])}">Back to the shop</a></p>'
    return FRAME.format(body=asked)
