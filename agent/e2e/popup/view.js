(() => {
  const shown = (e) => Boolean(e) && e.getClientRects().length > 0;
  const text = (e) => (shown(e) ? e.textContent.trim() : "");
  const name = (e) => e.getAttribute("aria-label") ?? e.textContent.trim();
  const $ = (selector, within = document) => within.querySelector(selector);
  const focus = document.activeElement;
  const held = focus && focus !== document.body && focus !== document.documentElement ? focus : undefined;
  const ring = held && getComputedStyle(held);
  return {
    machine: text($("#machine")),
    state: text($("#state")),
    said: text($("#said")),
    here: text($("#here-text")),
    away: text($("#away")),
    cards: [...document.querySelectorAll("li.tab")].map((card) => ({
      Name: text($(".name", card)),
      Share: text($(".share", card)),
      Mark: text($(".mark", card)),
      Length: text($(".length", card)),
      Curve: $(".curve path", card)?.getAttribute("d") ?? "",
      CurveName: $(".curve", card)?.getAttribute("aria-label") ?? "",
      Why: [...card.querySelectorAll("details li")].map((li) => li.textContent),
      Buttons: [...card.querySelectorAll("button")]
        .filter((b) => shown(b) && !b.disabled && b.getAttribute("aria-disabled") !== "true").map(name),
    })),
    focus: held ? name(held) : "",
    ring: Boolean(ring) && ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 2,
    unseen: text($("#unseen")),
    checkable: shown($("#check-names")),
    width: innerWidth,
    wide: Math.max(0, document.documentElement.scrollWidth - innerWidth),
  };
})()
