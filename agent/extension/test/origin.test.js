import assert from "node:assert/strict";
import { test } from "node:test";

import { MAX_ORIGIN, originOf } from "../origin.js";

const cases = {
  "https://user:secret@News.Test:8443/path?q=token#part": "https://news.test:8443",
  "http://films.test:80/": "http://films.test",
  "https://bücher.test/": "https://xn--bcher-kva.test",
  "https://under_score.test/": "https://under_score.test",
  "http://127.0.0.1:8080/a": "http://127.0.0.1:8080",
  "http://[2001:DB8::1]:8080/a": "http://[2001:db8::1]:8080",
  "https://site.test./": "https://site.test",
  "https://site.test.:8443/": "https://site.test:8443",
  "blob:https://films.test/0b2a": "https://films.test",
  "filesystem:https://films.test/temporary/x": "https://films.test",
  "chrome-extension://abcdefghijklmnopabcdefghijklmnop/page.html": "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
  "chrome://settings/passwords": "chrome://settings",
  "file:///home/ada/secret.html": "file://",
  // a label that browsers allow and nobody needs does not hide the site
  "http://a!b.evil.test/": "http://evil.test",
  "http://$(touch x)';--.evil.test/": "", // no address at all
  "http://it's/": "",
  // made by somebody else
  "about:blank": undefined,
  "about:srcdoc": undefined,
  "data:text/html,<script>": undefined,
  "blob:null/0b2a": undefined,
  "javascript:void 0": undefined,
  // nonsense
  "": "",
  "no address": "",
  "blob:nonsense": "",
  [`https://${"a".repeat(MAX_ORIGIN)}.test/`]: "",
};

for (const [address, want] of Object.entries(cases)) {
  test(`originOf ${address.slice(0, 60)}`, () => assert.equal(originOf(address), want));
}

test("a host of a million labels takes no time", () => {
  const start = performance.now();
  assert.equal(originOf(`http://${"a.".repeat(1_000_000)}!/`), "");
  assert.ok(performance.now() - start < 2_000);
});
