/** Takes files dropped anywhere on the page, pasted, or chosen with the button. */

export class DropZone {
  #zone;
  #input;
  #depth = 0; // dragenter and dragleave come for every element on the way

  /**
   * @param {HTMLElement} zone templates/_drop_zone.html
   * @param {(files: File[]) => void} onFiles
   */
  constructor(zone, onFiles) {
    this.#zone = zone;
    this.#input = zone.querySelector("input[type=file]");
    zone.querySelector("button").addEventListener("click", () => this.open());
    this.#input.addEventListener("change", () => {
      onFiles([...this.#input.files]);
      this.#input.value = ""; // so that the same file can be chosen again
    });
    this.#listenToDrags(onFiles);
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length && !event.target.closest?.(".uploader")) onFiles(files); // that takes its own
    });
  }

  /** Show the browser's file dialog; only works while answering a click or a key. */
  open() {
    this.#input.click();
  }

  #listenToDrags(onFiles) {
    document.addEventListener("dragenter", (event) => this.#mark(event, 1));
    document.addEventListener("dragleave", (event) => this.#mark(event, -1));
    document.addEventListener("dragover", (event) => {
      if (carriesFiles(event)) event.preventDefault();
    });
    document.addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      this.#mark(event, -this.#depth);
      onFiles([...event.dataTransfer.files]);
    });
  }

  #mark(event, change) {
    if (!carriesFiles(event)) return;
    this.#depth = Math.max(0, this.#depth + change);
    this.#zone.classList.toggle("over", this.#depth > 0);
  }
}

function carriesFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
