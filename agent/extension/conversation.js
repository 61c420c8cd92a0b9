// One conversation with the agent: requests, responses and events in both directions, shaped as in JSON-RPC 2.0
// (docs/extension-protocol.md).

// Limits on what is asked: the agent asks once per busy renderer and five seconds, so more is a fault and is dropped.
const MAX_PER_SECOND = 64;
const MAX_AT_ONCE = 32;

// MAX_WAITING bounds the requests of our own that have no response yet.
const MAX_WAITING = 8;

// Refused is an error with a code of the protocol: thrown by whoever answers a request, and by request when the other
// side threw it, or says nothing ("no_answer").
export class Refused extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

// Conversation sends with send(message) and is given what comes by receive. requests and events are tables of functions
// by method: of the params of a request to its result, and of the params of an event.
export class Conversation {
  /** @type {(message: Message) => void} */
  #send;
  /** @type {Methods} */
  #requests;
  /** @type {Methods} */
  #events;
  #admit = rateLimiter();
  #atOnce = 0;
  #lastId = 0;
  /** @type {Map<number | undefined, {resolve: (result: Params) => void, reject: (why: Refused) => void}>} */
  #waiting = new Map(); // id -> {resolve, reject}
  #closed = false;

  /** @param {(message: Message) => void} send @param {{requests?: Methods, events?: Methods}} tables */
  constructor(send, { requests = {}, events = {} } = {}) {
    this.#send = send;
    this.#requests = requests;
    this.#events = events;
  }

  // receive takes one message; what is malformed, or not expected, is dropped.
  /** @param {any} message */
  receive(message) {
    if (this.#closed || message === null || typeof message !== "object") return;
    const { id, method, params, result, error } = message;
    if (typeof method === "string") {
      if (id === undefined) this.#event(method, params ?? {});
      else if (Number.isSafeInteger(id) && id > 0) this.#request(id, method, params ?? {});
      return;
    }
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (error) waiting.reject(new Refused(typeof error.code === "string" ? error.code : "failed"));
    else waiting.resolve(result ?? {});
  }

  // request sends a request and resolves to the result of its response. patience is how long that may take, in
  // milliseconds.
  /** @param {string} method @param {Params | undefined} params @param {number} patience @returns {Promise<Params>} */
  async request(method, params, patience) {
    if (this.#closed || this.#waiting.size >= MAX_WAITING) throw new Refused("no_answer");
    const id = ++this.#lastId;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        timer = setTimeout(() => reject(new Refused("no_answer")), patience);
        this.#send({ id, method, ...(params && { params }) });
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  // notify sends an event.
  /** @param {string} method @param {Params} params */
  notify(method, params) {
    if (!this.#closed) this.#send({ method, params });
  }

  // close ends the conversation: nothing is sent any more, and what waits for a response has none.
  close() {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(new Refused("no_answer"));
  }

  /** @param {string} method @param {Params} params */
  async #event(method, params) {
    if (!Object.hasOwn(this.#events, method) || !this.#admit()) return;
    try {
      await this.#events[method](params);
    } catch (/** @type {any} */ err) {
      console.warn("minewatch: an event was lost:", err?.message);
    }
  }

  /** @param {number} id @param {string} method @param {Params} params */
  async #request(id, method, params) {
    if (this.#atOnce >= MAX_AT_ONCE || !this.#admit()) return;
    this.#atOnce++;
    const response = await this.#respond(method, params);
    this.#atOnce--;
    if (!this.#closed) this.#send({ id, ...response });
  }

  /** @param {string} method @param {Params} params @returns {Promise<Message>} */
  async #respond(method, params) {
    if (!Object.hasOwn(this.#requests, method)) return { error: { code: "unknown_method" } };
    try {
      return { result: (await this.#requests[method](params)) ?? {} };
    } catch (/** @type {any} */ err) {
      if (err instanceof Refused) return { error: { code: err.code } };
      console.warn("minewatch: no answer:", err?.message);
      return { error: { code: "failed" } };
    }
  }
}

// rateLimiter returns a function that reports whether one more may pass in this second.
function rateLimiter() {
  let second = 0;
  let passed = 0;
  return () => {
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) [second, passed] = [now, 0];
    return ++passed <= MAX_PER_SECOND;
  };
}
