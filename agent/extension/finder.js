// Where documents live: as the browser says it, or as the program has seen it.

// MAX_KNOWN is the most documents whose process is remembered.
const MAX_KNOWN = 4_096;

// Finder is for browsers in which frames come with the number of their process. It is believed until the program has
// seen pages live elsewhere (step.js); from then on nothing counts but what the program has seen. A document never moves
// to another process, so that holds as long as the browser's number of the document stands.
export class Finder {
  /** @type {Map<string, number>} */
  #known = new Map(); // documentId -> process
  #trusted = true;

  // trusted reports whether the browser's own numbers count.
  get trusted() {
    return this.#trusted;
  }

  // find sets for each frame of [{tab, frames}] what is known of its process: processId, or 0 and why: lost.
  /**
   * @param {Chrome} chrome
   * @param {TabFrames[]} tabs
   * @param {number} [_renderer]
   * @param {number} [_patience]
   * @returns {Promise<void>}
   */
  async find(chrome, tabs, _renderer, _patience) {
    if (this.#trusted) return;
    for (const f of tabs.flatMap((t) => t.frames)) {
      f.processId = this.known(f.documentId);
      if (!f.processId) f.lost = "refused";
    }
  }

  // distrust has the browser's numbers say nothing from now on: the program has seen a page live elsewhere.
  distrust() {
    this.#trusted = false;
    this.#known.clear();
  }

  // trust is for a program that has not seen anything yet.
  trust() {
    if (!this.#trusted) this.#known.clear();
    this.#trusted = true;
  }

  // told notes where a document lives, as the program has seen.
  /** @param {string | undefined} document @param {number} process */
  told(document, process) {
    if (!this.#trusted) this.remember(document, process);
  }

  // known returns the process of a document, 0 if it is not known.
  /** @param {string | undefined} document */
  known(document) {
    return this.#known.get(document ?? "") ?? 0;
  }

  /** @param {string | undefined} document @param {number} process */
  remember(document, process) {
    if (!document || !process) return;
    this.#known.set(document, process);
    if (this.#known.size <= MAX_KNOWN) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest);
  }
}
