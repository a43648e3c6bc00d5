"""The one client for other people's APIs.  Blocking, thread-safe, plain Python.

    client = Client()
    answer = client.send(
        Call("POST", "https://api.example.org/orders", body=json_body({"id": 1}),
             headers={"Idempotency-Key": "order-1"}, authorization=bearer("..."))
    ).require_good()

It guards against requests that somebody makes this server send into its own network (SSRF), ends
when it was told to, takes no more than it was told to, and repeats only what is safe to repeat.
"""

import http.cookiejar
import itertools
import threading
import time
import urllib.request
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import Message as Fields
from typing import Any, Self

from apiapp.logs import tracing
from apiapp.outbound.client import caching, headers, retrying
from apiapp.outbound.client.bodies import NOTHING, Body
from apiapp.outbound.client.breakers import Breaker, circuit_key
from apiapp.outbound.client.caching import AnswerStore
from apiapp.outbound.client.calls import Answer, Call, Terms, Trace
from apiapp.outbound.client.connections import Connections
from apiapp.outbound.client.deadlines import Deadline
from apiapp.outbound.client.exchange import Message, exchanged
from apiapp.outbound.client.guard import (
    Policy,
    Resolver,
    Target,
    addresses_of,
    system_resolver,
    target_of,
)
from apiapp.outbound.errors import (
    BadCall,
    CannotConnect,
    CircuitOpen,
    NetworkFault,
    TimedOut,
    TooManyRedirects,
)

USER_AGENT = "Sluice"
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
MOST_JARS = 1000
RESOLVING_THREADS = 8
BECOMES_GET = {301: ("POST",), 302: ("POST",), 303: ("POST", "PUT", "PATCH", "DELETE")}
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Step:
    """One request on the way from the URL that was asked to where its redirects lead."""

    method: str
    target: Target
    headers: dict[str, str]
    body: Body
    policy: Policy
    partition: str


@dataclass(slots=True)
class Going:
    """What lasts for all steps of a call."""

    terms: Terms
    deadline: Deadline
    trace: Trace
    jar: http.cookiejar.CookieJar


@dataclass
class Client:
    """resolver: from a name to its addresses, asked once per attempt.  store: of answers that the
    other side lets be kept; None: none are."""

    connections: Connections = field(default_factory=Connections)
    breaker: Breaker = field(default_factory=Breaker)
    store: AnswerStore | None = None
    resolver: Resolver = system_resolver
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _jars: OrderedDict[str, http.cookiejar.CookieJar] = field(default_factory=OrderedDict)
    _jars_lock: threading.Lock = field(default_factory=threading.Lock)
    _resolving: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(RESOLVING_THREADS, "resolving")
    )

    def send(
        self,
        call: Call,
        *,
        terms: Terms | None = None,
        policy: Policy | None = None,
        trace: Trace | None = None,
    ) -> Answer:
        """The answer, whatever its status; `trace` is filled in on the way.

        Raises TargetRefused, BadCall and the NetworkFaults.
        """
        terms = terms or Terms()
        going = Going(
            terms, Deadline(terms.total_s), trace or Trace(), self._jar_of(call.partition)
        )
        step = first_step(call, policy or Policy())
        for _ in range(terms.redirects + 1):
            answer = self._answer(step, going)
            location = answer.header("Location")
            if answer.status not in REDIRECTS or location is None:
                return answer
            step = next_step(step, answer.status, step.target.joined(location))
            going.trace.redirects.append(step.target.url)
        raise TooManyRedirects(limit=terms.redirects)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self.connections.close()
        self._resolving.shutdown(wait=False)

    def _answer(self, step: Step, going: Going) -> Answer:
        """From the store, or from the other side."""
        if self.store is None:
            return self._tried(step, going)
        asked = caching.Asked(step.method, step.target.url, step.headers, step.partition)
        found = caching.looked_up(asked, self.store, now=self.now())
        if found.fresh:
            going.trace.cache = "hit"
            return found.fresh
        going.trace.cache = "miss" if found.may_keep else ""
        more = found.conditions
        answer = self._tried(replace(step, headers={**step.headers, **more}), going)
        if more and answer.status == 304:
            going.trace.cache = "revalidated"
        return caching.kept(asked, answer, found, self.store, now=self.now())

    def _tried(self, step: Step, going: Going) -> Answer:
        """The answer of the first attempt that has one worth keeping, or of the last."""
        is_safe = retrying.is_safe(step.method, step.headers)
        backoff = going.terms.backoff
        answer: Answer | None = None
        for attempt in itertools.count(1):
            wait_s: float | None = None
            try:
                answer = self._attempt(step, going)
            except NetworkFault as fault:
                if retrying.may_repeat(fault, is_safe=is_safe):
                    wait_s = backoff.next_s(attempt, left_s=going.deadline.left_s)
                if wait_s is None and not (answer and isinstance(fault, CircuitOpen)):
                    raise
            else:
                if is_safe and answer.status in retrying.WORTH_ANOTHER_TRY:
                    asked_s = retrying.retry_after_s(answer.header("Retry-After"), now=self.now())
                    left_s = going.deadline.left_s
                    wait_s = backoff.next_s(attempt, left_s=left_s, asked_s=asked_s)
            if wait_s is None:
                break
            self.sleep(wait_s)
        assert answer
        return answer

    def _attempt(self, step: Step, going: Going) -> Answer:
        """One try; the breaker is told how it went."""
        key = circuit_key(step.partition, step.target.origin)
        self.breaker.admit(key, host=step.target.host)
        going.trace.attempts += 1
        try:
            with span_of(step, resent=going.trace.attempts - 1) as span:
                answer = self._exchanged(step, going)
                tracing.note_answer(span, answer.status)
        except NetworkFault:
            self.breaker.failed(key)
            raise
        except BaseException:
            self.breaker.gave_up(key)
            raise
        (self.breaker.failed if answer.status >= 500 else self.breaker.succeeded)(key)
        return answer

    def _exchanged(self, step: Step, going: Going) -> Answer:
        terms, deadline, trace = going.terms, going.deadline, going.trace
        addresses = self._addresses(step, going)
        sent = tracing.propagated(with_cookies(step, going.jar))
        message = Message(step.method, step.target, sent, step.body)
        lent = self.connections.lent(
            step.partition, step.target, addresses, connect_s=terms.connect_s, deadline=deadline
        )
        with lent as connection:
            trace.address = connection.host
            answer = exchanged(connection, message, terms=terms, deadline=deadline, trace=trace)
        take_cookies(answer, going.jar)
        return answer

    def _addresses(self, step: Step, going: Going) -> list[str]:
        """In a thread: a system's resolver takes as long as it likes."""
        asked = self._resolving.submit(addresses_of, step.target, step.policy, self.resolver)
        try:
            return asked.result(going.deadline.at_most(going.terms.connect_s))
        except TimeoutError as error:
            asked.cancel()
            if going.deadline.has_passed:
                told = f"not within {going.deadline.total_s:g} s in all"
                raise TimedOut(told, may_have_arrived=False) from error
            raise CannotConnect(
                f"the address of {step.target.host} is not found in time"
            ) from error

    def _jar_of(self, partition: str) -> http.cookiejar.CookieJar:
        if not partition:
            return http.cookiejar.CookieJar()
        with self._jars_lock:
            jar = self._jars.setdefault(partition, http.cookiejar.CookieJar())
            self._jars.move_to_end(partition)
            if len(self._jars) > MOST_JARS:
                self._jars.popitem(last=False)
        return jar


def span_of(step: Step, *, resent: int) -> AbstractContextManager[Any]:
    """Of one request, where traces are kept."""
    target = step.target
    url = headers.redacted_url(target.url)
    return tracing.call_span(
        step.method, host=target.host, port=target.port, url=url, resent=resent
    )


def first_step(call: Call, policy: Policy) -> Step:
    """Raises TargetRefused, BadCall."""
    if call.method not in METHODS:
        raise BadCall(f"the method {call.method[:20]!r} is not one of {', '.join(METHODS)}")
    written = headers.checked(call.headers)
    if call.body.content_type:
        written = headers.without(written, ["content-type"])
        written["Content-Type"] = call.body.content_type
    if call.authorization:
        written = headers.without(written, ["authorization"])
        written["Authorization"] = call.authorization
    if call.cookies:
        if "cookie" in {name.lower() for name in written}:
            raise BadCall("cookies are there twice: as cookies, and as a header")
        written["Cookie"] = "; ".join(f"{name}={value}" for name, value in call.cookies.items())
    if "user-agent" not in {name.lower() for name in written}:
        written["User-Agent"] = USER_AGENT
    checked = headers.checked(written)
    return Step(call.method, target_of(call.url), checked, call.body, policy, call.partition)


def next_step(step: Step, status: int, target: Target) -> Step:
    """The request that a redirect asks for (RFC 9110, section 15.4).

    What was allowed, and what was shown, was for the first origin.
    """
    method, body, sent = step.method, step.body, step.headers
    if method in BECOMES_GET.get(status, ()):
        method, body = "GET", NOTHING
        sent = headers.without(sent, ["content-type", "idempotency-key"])
    if target.origin == step.target.origin:
        return replace(step, method=method, body=body, headers=sent, target=target)
    return Step(method, target, headers.for_another(sent), body, Policy(), step.partition)


def with_cookies(step: Step, jar: http.cookiejar.CookieJar) -> dict[str, str]:
    """The headers of a step, with what the jar has for it."""
    asked = urllib.request.Request(step.target.url)
    jar.add_cookie_header(asked)
    found = asked.get_header("Cookie")
    if not found:
        return step.headers
    own = next((value for name, value in step.headers.items() if name.lower() == "cookie"), "")
    rest = headers.without(step.headers, ["cookie"])
    return {**rest, "Cookie": "; ".join(filter(None, [own, found]))}


class _SetCookies:
    """As http.cookiejar wants to be shown a response."""

    def __init__(self, answer: Answer) -> None:
        self._fields = Fields()
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self._fields["Set-Cookie"] = value

    def info(self) -> Fields:
        return self._fields


def take_cookies(answer: Answer, jar: http.cookiejar.CookieJar) -> None:
    asked = urllib.request.Request(answer.url)
    shown: Any = _SetCookies(answer)
    jar.extract_cookies(shown, asked)
