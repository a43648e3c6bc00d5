/** The keys of the grid, as WAI-ARIA's pattern and spreadsheets have them. */

/** Does a key write something? */
export function isTyped({ key, ctrlKey, metaKey, altKey, isComposing }) {
  return [...key].length === 1 && !ctrlKey && !metaKey && !altKey && !isComposing && key !== "?";
}

const by = (rows, columns, isExtending = false) => (view) => {
  const { position, at } = view.active;
  view.goTo(position + rows, at + columns, { isExtending: isExtending && position >= 0 });
};

const page = (direction) => (view) => {
  const { position } = view.active;
  view.goTo(Math.max(0, position + direction * view.pageRows));
};

/** Enter: on a header it sorts, on a row's number it opens the row, else it edits the cell. */
const use = (isAdded) => (view, tell) => {
  const { position, at } = view.active;
  const name = view.activeColumn?.name;
  if (position < 0) {
    if (name) tell("sort", { name, isAdded });
  } else if (at === 0) tell("open", { position });
  else tell("edit", { position, name });
};

const menu = (view, tell) => {
  if (view.activeColumn) tell("menu", { name: view.activeColumn.name });
};

const open = (view, tell) => {
  if (view.active.position < 0) return menu(view, tell);
  return tell("open", { position: view.active.position });
};

const clear = (view, tell) => {
  const { position } = view.active;
  if (position >= 0 && view.activeColumn) tell("clear", { position, name: view.activeColumn.name });
};

/** Key, with what is held down before it -> (view, tell). */
export const KEYS = {
  ArrowDown: by(1, 0),
  ArrowUp: by(-1, 0),
  ArrowLeft: by(0, -1),
  ArrowRight: by(0, 1),
  "Shift+ArrowDown": by(1, 0, true),
  "Shift+ArrowUp": by(-1, 0, true),
  "Shift+ArrowLeft": by(0, -1, true),
  "Shift+ArrowRight": by(0, 1, true),
  PageDown: page(1),
  PageUp: page(-1),
  Home: (view) => view.goTo(view.active.position, 0),
  End: (view) => view.goTo(view.active.position, Infinity),
  "Ctrl+Home": (view) => view.goTo(0, 0),
  "Ctrl+End": (view) => view.goTo(Infinity, Infinity),
  "Ctrl+ArrowUp": (view) => view.goTo(0),
  "Ctrl+ArrowDown": (view) => view.goTo(Infinity),
  Enter: use(false),
  "Shift+Enter": use(true),
  F2: use(false),
  " ": open,
  "Alt+ArrowDown": menu,
  "Shift+F10": menu,
  ContextMenu: menu,
  Delete: clear,
  Backspace: clear,
  "Ctrl+c": (_, tell) => tell("copy"),
  "Ctrl+z": (_, tell) => tell("undo"),
};
