// Shows the document page after page, as somebody does who looks through it; begins again at its end.
const state = document.getElementById("state");
const PAGES = 40, KEPT = 6; // pages that stay on the screen
const library = "/_lib/pdfjs/pdf.min.mjs";
const pdfjs = await import(library).catch(async () => {
  state.textContent = await (await fetch(library)).text();
  throw new Error(state.textContent);
});
pdfjs.GlobalWorkerOptions.workerSrc = "/_lib/pdfjs/pdf.worker.min.mjs";
Work.begin();
for (;;) {
  const task = pdfjs.getDocument({ data: report(PAGES), useSystemFonts: true });
  const paper = await task.promise;
  for (let n = 1; n <= PAGES; n++) {
    const page = await paper.getPage(n);
    const viewport = page.getViewport({ scale: 1.6 });
    const canvas = Object.assign(document.createElement("canvas"), { width: viewport.width, height: viewport.height });
    const list = document.getElementById("pages");
    list.prepend(canvas);
    while (list.children.length > KEPT) list.lastChild.remove();
    await page.render({ canvasContext: canvas.getContext("2d"), viewport }).promise;
    state.textContent = `Page ${n} of ${PAGES}.`;
    await Work.rest(Work.between(400, 1200));
  }
  await task.destroy();
}
