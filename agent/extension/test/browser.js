// A browser for the tests: as much of the extension API as is used, over tabs that a test describes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { Conversation } from "../conversation.js";

// golden returns a message of a method that the Go tests read as well, with other params if change is given.
export function golden(method, name = "request", change = undefined) {
  const file = JSON.parse(readFileSync(new URL(`../../../testdata/protocol/${method}.json`, import.meta.url), "utf8"));
  const message = file.messages[name];
  assert.ok(message, `${method} has no message ${name}`);
  return change ? { ...message, params: { ...message.params, ...change } } : message;
}

// asked returns the response to a request by a table of requests.
export function asked(requests, request) {
  return new Promise((resolve) => {
    new Conversation((message) => resolve(JSON.parse(JSON.stringify(message))), { requests }).receive(request);
  });
}

// outcome returns what came of a request in short: the result with ok, or the error's code.
export async function outcome(requests, request) {
  const { result, error } = await asked(requests, request);
  return error ? { error: error.code } : { ok: true, ...result };
}

// browser returns a `chrome` whose windows and tabs are as given. A tab's frames are [frameId, parentFrameId,
// processId, url, documentLifecycle]; like the real one, tabs have no address (that takes the permission "tabs").
export function browser({ windows = [{ id: 1, state: "normal" }], tabs = [], user, granted = false }) {
  const calls = [];
  const listeners = {};
  const event = (name) => ({ addListener: (f) => (listeners[name] = f) });
  const find = (id) => {
    const tab = tabs.find((t) => t.id === id);
    if (!tab) throw new Error(`No tab with id: ${id}.`);
    return tab;
  };
  const said = ({ frames: _, ...tab }) => ({ windowId: 1, active: false, audible: false, discarded: false, ...tab });
  const ports = [];
  const stored = {};
  const chrome = {
    tabs: {
      query: async () => tabs.map(said),
      get: async (id) => said(find(id)),
      remove: async (id) => {
        tabs.splice(tabs.indexOf(find(id)), 1);
        calls.push(["remove", id]);
      },
      update: async (id, what) => {
        calls.push(["update", id, what]);
        return said(find(id));
      },
    },
    windows: {
      getAll: async () => windows,
      get: async (id) => windows.find((w) => w.id === id),
      update: async (id, what) => calls.push(["window", id, what]),
    },
    action: { setBadgeText: async () => {}, setTitle: async () => {}, setBadgeBackgroundColor: async () => {} },
    i18n: { getMessage: (name) => name },
    storage: {
      local: {
        get: async (key) => ({ [key]: stored[key] }),
        set: async (what) => void Object.assign(stored, JSON.parse(JSON.stringify(what))),
      },
    },
    idle: {
      queryState: async (seconds) => (seconds === 60 ? user : "never asked so"),
    },
    webNavigation: {
      getAllFrames: async ({ tabId }) =>
        tabs
          .find((t) => t.id === tabId)
          ?.frames.map(([frameId, parentFrameId, processId, url, documentLifecycle = "active"]) => ({
            frameId, parentFrameId, processId, url, documentLifecycle, documentId: `${tabId} ${frameId} ${url}`, // as the browser names them
          })) ?? null,
      getFrame: async ({ tabId, frameId }) => {
        const frame = tabs.find((t) => t.id === tabId)?.frames.find(([id]) => id === frameId);
        return frame ? { frameId, url: frame[3] } : null;
      },
      onCommitted: event("committed"),
    },
    permissions: {
      contains: async ({ permissions, origins }) => granted && permissions.join() === "scripting" && origins.join() === "<all_urls>",
      onAdded: event("granted"),
      onRemoved: event("revoked"),
    },
    runtime: {
      getManifest: () => ({ version: "0.1.0" }),
      onStartup: event("startup"),
      onInstalled: event("installed"),
      onMessage: event("message"),
      id: "me",
      getURL: (path) => `chrome-extension://me/${path}`,
      connectNative: (host) => {
        const port = {
          host,
          sent: [],
          postMessage: (m) => port.sent.push(JSON.parse(JSON.stringify(m))),
          onMessage: { addListener: (f) => (port.say = f) },
          onDisconnect: { addListener: (f) => (port.break = f) },
        };
        ports.push(port);
        return port;
      },
    },
  };
  return { chrome, calls, listeners, ports, tabs };
}

// numbered returns the number of a frame that was made in a process, as Firefox gives it.
export function numbered(process, count) {
  return process * 2 ** 31 + count;
}

// firefox returns a browser that tells no processes but lets itself be looked into. The last part of a frame may be
// "hangs" or "refuses". Its numbers of documents change with process and address, as a document's do.
export function firefox({ documents = true, ...rest }) {
  const b = browser(rest);
  b.probes = [];
  let count = 100;
  b.inFrame = ([, , process, url]) => ({ made: numbered(process, count++), url });
  const idOf = (tab, [id, , process, url]) => `${tab} ${id} ${process} ${url}`;
  b.chrome.runtime.getBrowserInfo = async () => ({ name: "Firefox" });
  b.chrome.webNavigation.getAllFrames = async ({ tabId }) =>
    b.tabs
      .find((t) => t.id === tabId)
      ?.frames.map((f) => ({
        frameId: f[0], parentFrameId: f[1], url: f[3], ...(documents && { documentId: idOf(tabId, f) }),
      })) ?? null;
  b.chrome.scripting = {
    executeScript: async ({ target: { tabId, frameIds, documentIds }, injectImmediately }) => {
      assert.equal(injectImmediately, true);
      const { frames } = b.tabs.find((t) => t.id === tabId);
      const frame = frames.find((f) => (documentIds ? documentIds[0] === idOf(tabId, f) : frameIds[0] === f[0]));
      if (!frame) throw new Error("Invalid document");
      b.probes.push([tabId, frame[0]]);
      if (frame[4] === "refuses") throw new Error("Missing host permission for the tab");
      if (frame[4] === "hangs") return new Promise(() => {});
      return [{ frameId: frame[0], result: b.inFrame(frame) }];
    },
  };
  return b;
}
