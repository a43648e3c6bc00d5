import threading

from apiapp.monitoring.tally import Kind, Tally

KIND = Kind("/api/data", "GET", 2)


def test_nothing_is_lost_or_counted_twice_while_others_take():
    tally = Tally()
    counts: list[int] = []
    has_ended = threading.Event()

    def take() -> None:
        while not has_ended.is_set():
            counts.extend(each.count for each in tally.take()[1].values())

    def count() -> None:
        for _ in range(5000):
            tally.count(KIND, duration_us=100)

    taking = threading.Thread(target=take)
    counting = [threading.Thread(target=count) for _ in range(4)]
    taking.start()
    for each in counting:
        each.start()
    for each in counting:
        each.join()
    has_ended.set()
    taking.join()
    counts.extend(each.count for each in tally.take()[1].values())

    assert sum(counts) == 4 * 5000


def test_a_request_is_counted_in_the_minute_in_which_it_ended():
    now_s = [119.9]
    tally = Tally(clock=lambda: now_s[0])

    tally.count(KIND, duration_us=1)
    now_s[0] = 120.0
    tally.count(KIND, duration_us=1)

    minute, taken = tally.take()
    assert (minute, sorted(taken)) == (2, [(1, KIND), (2, KIND)])


def test_a_clock_that_is_put_back_opens_no_minute_that_was_written_already():
    now_s = [300.0]
    tally = Tally(clock=lambda: now_s[0])
    tally.take()

    now_s[0] = 60.0
    tally.count(KIND, duration_us=1)

    assert list(tally.take()[1]) == [(5, KIND)]


def test_bytes_that_come_later_are_no_further_request():
    tally = Tally()
    tally.count(KIND, duration_us=1)
    tally.count_bytes(KIND, received_bytes=3, sent_bytes=4)

    (figures,) = tally.take()[1].values()
    assert (figures.count, figures.received_bytes, figures.sent_bytes) == (1, 3, 4)
