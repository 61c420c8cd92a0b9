import assert from "node:assert/strict";
import { test } from "node:test";

import { browser, golden } from "./browser.js";

test("the worker connects, listens for what makes it start, and answers", async () => {
  const b = browser({ tabs: [] });
  globalThis.chrome = b.chrome;
  await import("../background.js");
  assert.deepEqual(Object.keys(b.listeners).sort(), ["committed", "granted", "installed", "message", "revoked", "startup"]);
  b.listeners.committed({ tabId: 5, frameId: 0, processId: 12, url: "https://news.test/story" });
  const [port] = b.ports;
  port.say(golden("agent.state", "connected"));
  port.say(golden("hello", "response"));
  port.say(golden("renderer.frames"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(port.sent, [golden("hello"), golden("renderer.frames", "response-last")]);
  b.chrome.scripting = {};
  b.chrome.permissions.contains = async () => true;
  await b.listeners.granted();
  assert.deepEqual(port.sent.at(-1), golden("measuring", "event"));
});
