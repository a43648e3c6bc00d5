/** Wheel, drag, pinch, double click and arrow keys on the picture. */

const WHEEL = 0.0015;
const ARROW_PX = 60;
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @param {HTMLElement} viewport @param {import("./stage.js").Stage} stage */
export function followGestures(viewport, stage) {
  const pointers = new Map(); // id -> {x, y}

  function placeOf({ clientX, clientY }) {
    const { left, top } = viewport.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  viewport.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      stage.zoomTimes(Math.exp(-event.deltaY * WHEEL * (event.deltaMode ? 30 : 1)), placeOf(event));
    },
    { passive: false },
  );
  viewport.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    viewport.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, placeOf(event));
  });
  viewport.addEventListener("pointermove", (event) => {
    const from = pointers.get(event.pointerId);
    if (!from) return;
    const to = placeOf(event);
    if (pointers.size === 1) stage.pan(to.x - from.x, to.y - from.y);
    else pinch(event.pointerId, from, to);
    pointers.set(event.pointerId, to);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    viewport.addEventListener(end, ({ pointerId }) => pointers.delete(pointerId));
  }
  viewport.addEventListener("dblclick", (event) => {
    if (stage.mode === "fit") stage.zoomTimes(2, placeOf(event));
    else stage.fit();
  });
  viewport.addEventListener("keydown", (event) => {
    const way = ARROWS[event.key];
    if (!way || event.target !== viewport) return;
    event.preventDefault();
    stage.pan(way[0] * ARROW_PX, way[1] * ARROW_PX);
  });

  function pinch(moved, from, to) {
    const other = [...pointers].find(([id]) => id !== moved)[1];
    const middle = { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 };
    stage.zoomTimes(distance(to, other) / Math.max(distance(from, other), 1), middle);
    stage.pan((to.x - from.x) / 2, (to.y - from.y) / 2);
  }
}

function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
