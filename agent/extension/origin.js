// What may be said of an address: scheme and host, never a path, a query or a title.

// MAX_ORIGIN is the longest origin said, in characters; the program on the other side refuses longer ones.
export const MAX_ORIGIN = 300;

// A host as it is said: labels of plain characters or an address in brackets, then perhaps a port. Whatever stands
// before it (browsers allow "!", "'", "$" and more in a label) is left out up to the next dot, so that a page cannot
// hide its site behind an odd subdomain.
const PLAIN_HOST = /(?:^|\.)((?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)$/;

// Documents of these schemes have no host of their own: they belong to whoever made them.
const HOSTLESS = new Set(["about:", "data:", "javascript:"]);

// originOf returns scheme and host of an address, "" if it cannot be named, and undefined if a document there has the
// origin of whoever made it (about:blank, about:srcdoc, data:, a blob: of such a document).
/** @param {any} address @returns {string | undefined} */
export function originOf(address) {
  let url;
  try {
    url = new URL(address);
    if (url.protocol === "blob:" || url.protocol === "filesystem:") {
      if (url.pathname.startsWith("null/")) return undefined;
      url = new URL(url.pathname);
    }
  } catch {
    return "";
  }
  if (HOSTLESS.has(url.protocol)) return undefined;
  if (url.protocol === "file:") return "file://";
  if (url.protocol.length + url.host.length > MAX_ORIGIN - 2) return "";
  const host = PLAIN_HOST.exec(url.host.replace(/\.(?=:|$)/, "")); // "site.test." is "site.test"
  return host ? `${url.protocol}//${host[1]}` : "";
}
