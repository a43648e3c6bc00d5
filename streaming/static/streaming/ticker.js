/** A worker that ticks: its timers are not slowed down when nobody looks at the page. */

onmessage = ({ data: everyMs }) => setInterval(() => postMessage(null), everyMs);
